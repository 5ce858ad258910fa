"""One door to every learner: `learn(name, environment, games=…, seed=…)`."""

from typing import Any

from mail_envs.errors import InvalidOptionError, UnknownNameError
from mail_learners.deep import DAGGER, DEEP_LEARNERS, deep_options, learn_deep
from mail_learners.environments import Environment, problem_of
from mail_learners.markov.learning import MARKOV_LEARNERS, learn_markov, markov_setting
from mail_learners.results import Result

__all__ = ["LEARNERS", "learn"]

SUMMARIES = {
    **{name: learner.summary for name, learner in DEEP_LEARNERS.items()},
    DAGGER: "the experts' labels where mixtures of experts and clones come, cloned round by round",
}
LEARNERS: dict[str, str] = {
    **SUMMARIES,
    **{name: learner.summary for name, learner in MARKOV_LEARNERS.items()},
}
"""The learners by name, with what each does."""


def learn(
    name: str,
    environment: Environment,
    *,
    seed: int,
    games: int | None = None,
    queries: int | None = None,
    features: str | None = None,
    experts: Any = None,  # noqa: ANN401 - callables or arrays, as the kind of game takes them
    **options: Any,  # noqa: ANN401 - of several types, checked by the learner
) -> Result:
    """Learn a joint policy by watching experts.

    `bc`, `uniform-bc`, `dqn-explore-bc` and `dagger` take any PettingZoo environment, AEC or
    parallel, whose agents have discrete actions; observations of any space are flattened by
    Gymnasium's conventions. The learners of `mail_learners.markov` take Markov games.

    Args:
        name: one of `LEARNERS`. `uniform-bc` on Markov games is theirs.
        environment: an id of PettingZoo's or Gymnasium's registry, a game, or a callable that
            makes a multi-agent environment.
        seed: of everything random; the same arguments give the same result.
        games: the games that each explorer plays; for `bc…`, the games recorded; for `dagger`, the
            games of all rounds; for `murmail` and `mail-bro`, iterations. None for as many as
            `queries` pays for.
        queries: the questions that experts may be asked, labels and their moves as opponents
            alike. Gathering ends with the last one, which may be in the middle of a game: exactly
            so many are asked unless the games end before. None for no limit.
        features: a name of the environment's feature maps, or for `dqn-explore-bc` `"network"`,
            the explorer's own penultimate layer. None for the default: `"afterstates"` on boards,
            `"one-hot"` for the learners of Markov games, `"network"` elsewhere.
        experts: one policy per agent; None for the environment's own.
        options: further ones of the learner: fields of `mail_learners.deep.Options` (`agents`,
            `clone`, …) and, for `dagger`, of `mail_learners.dagger.DaggerConfig` (`rounds`,
            `beta`, `opponents`, `at_once`); or keywords of its function in
            `mail_learners.markov`.

    Returns:
        Policies by agent, of the kind that the game's `nash_gap` takes; what the experts were seen
        to do; and how many questions were asked.

    Raises:
        UnknownNameError: an unknown learner, environment, feature map or option.
        UnknownAgentError: experts or `agents` that do not match the environment's.
        MissingTruthError: no experts given, and none provided by the environment.
        ShapeError: agents whose actions are not discrete.
        InvalidOptionError: less than one game or query, or neither given.
    """
    if name not in LEARNERS:
        raise UnknownNameError(f"learner: expected one of {sorted(LEARNERS)}, came {name!r}")
    setting = markov_setting(environment, features)
    if setting is not None and name in MARKOV_LEARNERS:
        if games is None or queries is not None:
            raise InvalidOptionError(
                f"{name} on a Markov game: expected games and no queries, came games={games} and "
                f"queries={queries}"
            )
        return learn_markov(
            name,
            setting,
            games=games,
            seed=seed,
            features=features,
            experts=experts,
            options=options,
        )
    if name not in SUMMARIES:
        raise UnknownNameError(
            f"learner: {name!r} takes Markov games; expected one of {sorted(SUMMARIES)} for "
            f"{environment!r}"
        )
    return learn_deep(
        name,
        problem_of(environment if setting is None else setting, experts),
        games=games,
        queries=queries,
        seed=seed,
        options=deep_options(features, options),
    )
