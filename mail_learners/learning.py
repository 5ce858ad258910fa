"""One door to every learner: `learn(name, environment, games=…, seed=…)`."""

from typing import Any

from mail_envs.errors import UnknownNameError
from mail_learners.deep import DEEP_LEARNERS, deep_options, learn_deep
from mail_learners.environments import Environment, problem_of
from mail_learners.markov.learning import MARKOV_LEARNERS, learn_markov, markov_setting
from mail_learners.results import Result

__all__ = ["LEARNERS", "learn"]

LEARNERS: dict[str, str] = {
    **{name: learner.summary for name, learner in DEEP_LEARNERS.items()},
    **{name: learner.summary for name, learner in MARKOV_LEARNERS.items()},
}
"""The learners by name, with what each does. `uniform-bc` takes either kind of environment."""


def learn(
    name: str,
    environment: Environment,
    *,
    games: int,
    seed: int,
    features: str | None = None,
    experts: Any = None,  # noqa: ANN401 - callables or arrays, as the kind of game takes them
    **options: Any,  # noqa: ANN401 - of several types, checked by the learner
) -> Result:
    """Learn a joint policy by watching experts.

    Args:
        name: one of `LEARNERS`. Those of `mail_learners.markov` take Markov games, the others
            environments that take turns.
        environment: an id of PettingZoo's or Gymnasium's registry, a game, or a callable that
            makes a multi-agent environment.
        games: the games that each explorer plays; for `bc…`, the games recorded; for `murmail` and
            `mail-bro`, iterations.
        seed: of everything random; the same arguments give the same result.
        features: a name of the environment's feature maps, or for `dqn-explore-bc` `"network"`,
            the explorer's own penultimate layer. None for the default: `"afterstates"` on boards,
            `"one-hot"` on Markov games.
        experts: one policy per agent; None for the environment's own.
        options: further ones of the learner: fields of `mail_learners.deep.Options`, or keywords
            of its function in `mail_learners.markov`.

    Raises:
        UnknownNameError: an unknown learner, environment, feature map or option.
        ValueError: less than one game.
    """
    if name not in LEARNERS:
        raise UnknownNameError(f"learner: expected one of {sorted(LEARNERS)}, came {name!r}")
    setting = markov_setting(environment, features)
    if setting is not None:
        return learn_markov(
            name,
            setting,
            games=games,
            seed=seed,
            features=features,
            experts=experts,
            options=options,
        )
    if name not in DEEP_LEARNERS:
        raise UnknownNameError(
            f"learner: {name!r} takes Markov games; expected one of {sorted(DEEP_LEARNERS)} for "
            f"{environment!r}"
        )
    settings = deep_options(features, options)
    problem = problem_of(environment, experts)
    return learn_deep(name, problem, games=games, seed=seed, options=settings)
