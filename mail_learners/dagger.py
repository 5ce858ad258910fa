"""DAgger for several agents at once: learn from the experts' labels where the learners come.

Ross, Gordon & Bagnell, "A Reduction of Imitation Learning and Structured Prediction to No-Regret
Online Learning" (AISTATS 2011), every learned agent having an expert of its own. In round i each
learned agent plays by the mixture π_i = β_i · expert + (1 − β_i) · clone, drawn anew at every
decision; the expert of whoever is to move is asked about every visited situation, and its answer,
the whole distribution, is the label. One question serves both: where the mixture plays by the
expert, it plays the answer. After each round every learned agent is cloned anew from all labels so
far. β_i = β^i, so that the first round is the experts' own play.

Whoever is not learned plays by its expert, each of its moves a question too. Games run in lockstep,
and the questions of all that wait for a move are put at once, in the order of the games' numbers;
so a budget of n ends the gathering with exactly n questions asked.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from mail_envs.errors import InvalidOptionError, UnknownAgentError, UnknownNameError
from mail_envs.protocols import FloatArray, Mask, Policy
from mail_envs.protocols.asking import uniform_policy
from mail_learners.environments import Problem
from mail_wrappers import Decisions, Demonstrations, QueryBudget
from mail_wrappers.answering import Answerer, answers, by_policy, drawn
from mail_wrappers.columns import stacked
from mail_wrappers.lockstep import RunningEpisode, Turn, act, granted, lockstep, waiting
from mail_wrappers.tape import Seat

__all__ = ["Cloner", "DaggerConfig", "dagger"]


@dataclass(frozen=True)
class DaggerConfig:
    """How DAgger gathers.

    Attributes:
        rounds: how often the learned agents are cloned.
        beta: β, in [0, 1]; 0 for the experts alone in the first round and the clones alone later.
        noise: how often a mixture plays any legal action alike instead, in [0, 1]; the label stays
            the expert's. Without it, clones of deterministic experts soon repeat one game.
        opponents: `"learned"`: all learned agents play by their mixtures in every game;
            `"experts"`: one at a time, in turn, the others playing by their experts.
        at_once: games in lockstep.

    Raises:
        InvalidOptionError: less than one round or game, or β or the noise outside [0, 1].
        UnknownNameError: other opponents.
    """

    rounds: int = 8
    beta: float = 0.3
    noise: float = 0.3
    opponents: Literal["learned", "experts"] = "learned"
    at_once: int = 8

    def __post_init__(self) -> None:
        for what, number in (("rounds", self.rounds), ("at_once", self.at_once)):
            if number < 1:
                raise InvalidOptionError(f"{what}: expected at least 1, came {number!r}")
        for what, share in (("beta", self.beta), ("noise", self.noise)):
            if not 0 <= share <= 1:
                raise InvalidOptionError(f"{what}: expected 0 to 1, came {share!r}")
        if self.opponents not in ("learned", "experts"):
            raise UnknownNameError(
                f"opponents: expected 'learned' or 'experts', came {self.opponents!r}"
            )


class Cloner(Protocol):
    """A way to clone one agent's expert from what has been labelled."""

    def __call__(self, labels: Demonstrations, agent: str, *, final: bool) -> Policy:
        """Clone from all labels; `final` says whether these clones are what is returned."""
        ...


def dagger(
    problem: Problem,
    clone: Cloner,
    *,
    games: int | None,
    seed: int,
    budget: QueryBudget,
    agents: Collection[str] | None = None,
    config: DaggerConfig | None = None,
) -> tuple[dict[str, Policy], Demonstrations]:
    """Learn policies of several agents at once, and return them with everything labelled.

    Args:
        problem: the environment, and an expert for every agent.
        clone: how an agent is cloned.
        games: in all, spread evenly over the rounds; None for as many as the budget pays for.
        seed: of everything random.
        budget: what questions are charged to, spread evenly over the rounds where it has a limit.
        agents: who learns; None for all.
        config: see `DaggerConfig`; None for its defaults.

    Raises:
        UnknownAgentError: an agent that the environment does not have.
        InvalidOptionError: neither games nor a limited budget.
    """
    if games is None and budget.limit is None:
        raise InvalidOptionError(
            "games: expected a number where the budget has no limit, came None"
        )
    learned = tuple(problem.agents if agents is None else agents)
    unknown = [agent for agent in learned if agent not in problem.agents]
    if unknown or not learned:
        raise UnknownAgentError(f"agents: expected some of {problem.agents}, came {learned}")
    running = _Dagger(problem, learned, config or DaggerConfig(), budget, games, seed)
    return running.learn(clone)


class _Dagger:
    """A running DAgger."""

    def __init__(
        self,
        problem: Problem,
        learned: tuple[str, ...],
        config: DaggerConfig,
        budget: QueryBudget,
        games: int | None,
        seed: int,
    ) -> None:
        self._problem = problem
        self._learned = learned
        self._config = config
        self._budget = budget
        self._games = games
        self._seed = seed
        self._begun = 0
        most = config.at_once if games is None else min(config.at_once, games)
        self._episodes = [RunningEpisode(problem.make()) for _ in range(most)]
        told = problem.own_experts
        self._experts = {a: by_policy(e, told=told) for a, e in problem.experts.items()}
        self._noise = dict.fromkeys(problem.agents, by_policy(uniform_policy))
        self._labels: dict[str, list[_Label]] = {agent: [] for agent in problem.agents}

    def learn(self, clone: Cloner) -> tuple[dict[str, Policy], Demonstrations]:
        """Play and clone, round by round."""
        policies: dict[str, Policy] = {}
        for number in range(self._config.rounds):
            if number:
                policies = self._clones(clone, self._labelled(), final=False)
            if not self._play(number, policies):
                break
        labels = self._labelled()
        return self._clones(clone, labels, final=True), labels

    def _clones(self, clone: Cloner, labels: Demonstrations, *, final: bool) -> dict[str, Policy]:
        return {agent: clone(labels, agent, final=final) for agent in self._learned}

    def _labelled(self) -> Demonstrations:
        """All labels so far."""
        seats = self._episodes[0].seats
        return Demonstrations({a: _table(self._labels[a], seats[a]) for a in seats})

    def _play(self, number: int, policies: Mapping[str, Policy]) -> bool:
        """Play one round; False when the budget is spent."""
        beta = self._config.beta**number
        clones = {agent: by_policy(policy) for agent, policy in policies.items()}
        numbers = self._numbers((number + 1) / self._config.rounds)
        return all(
            self._act(running, clones, beta)
            for running in lockstep(self._episodes, numbers, seed=self._seed)
        )

    def _numbers(self, share: float) -> Iterator[int]:
        """The games to begin until that share of the games, and of the budget, is used."""
        games, limit = self._games, self._budget.limit
        while (games is None or self._begun < round(games * share)) and (
            limit is None or self._budget.used < limit * share
        ):
            if self._begun > self._budget.used + len(self._episodes):
                raise InvalidOptionError(
                    f"environment: expected episodes in which somebody decides, came "
                    f"{self._begun} of which most had nobody to ask"
                )
            self._begun += 1
            yield self._begun - 1

    def _act(
        self, running: Sequence[RunningEpisode], clones: Mapping[str, Answerer], beta: float
    ) -> bool:
        """Ask about every turn that is due, and act; False when the budget is spent."""
        turns = waiting(running)
        asked = turns[: granted(self._budget, turns)]
        labels = answers(self._experts, asked)
        draws = [turn.episode.rng.random(3) for turn in asked]
        moves = [drawn(*each) for each in zip(asked, labels, (d[0] for d in draws), strict=True)]
        for turn, label, move in zip(asked, labels, moves, strict=True):
            self._labels[turn.agent].append(_Label.of(turn, label, move))
        if len(asked) < len(turns):
            return False
        free = [row for row, turn in enumerate(turns) if self._explores(turn)]
        noisy = [row for row in free if draws[row][1] < self._config.noise]
        calm = [row for row in free if row not in noisy and draws[row][2] >= beta]
        chances = answers(clones, [turns[row] for row in calm])
        chances += answers(self._noise, [turns[row] for row in noisy])
        for row, chance in zip(calm + noisy, chances, strict=True):
            moves[row] = drawn(turns[row], chance, draws[row][0])
        act(running, moves)
        return True

    def _explores(self, turn: Turn) -> bool:
        """Whether whoever moves plays by its mixture in that game."""
        if self._config.opponents == "experts":
            return turn.agent == self._learned[turn.episode.number % len(self._learned)]
        return turn.agent in self._learned


class _Label(NamedTuple):
    """What an expert said, as a row of `Decisions`."""

    observations: Any
    actions: int
    episodes: int
    steps: int
    action_masks: Mask | None
    distributions: FloatArray

    @staticmethod
    def of(turn: Turn, answer: FloatArray, action: int) -> "_Label":
        """At a turn that has not been acted on yet."""
        episode = turn.episode
        return _Label(turn.seen, action, episode.number, episode.steps, turn.mask, answer)


def _table(labels: Sequence[_Label], seat: Seat) -> Decisions:
    """One agent's labels, one after the other."""
    layout = seat.layout(distributions=True)
    columns = {name: [getattr(each, name) for each in labels] for name in _Label._fields}
    return Decisions(**{name: stacked(rows, layout[name]) for name, rows in columns.items()})
