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

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mail_envs.errors import InvalidOptionError, UnknownAgentError, UnknownNameError
from mail_envs.protocols import Policy
from mail_learners.environments import Problem
from mail_learners.playing import Episode, answers_by_agent, drawn, lockstep
from mail_learners.recording import Recorder
from mail_wrappers import QueryBudget

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
    """A way to clone one agent's expert from what has been recorded."""

    def __call__(self, recorder: Recorder, agent: str, *, final: bool) -> Policy:
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
) -> tuple[dict[str, Policy], Recorder]:
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
    return running.learn(clone), running.recorder


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
        self._episodes = [Episode(problem.make()) for _ in range(most)]
        self._policies: dict[str, Policy] = {}
        self.recorder = Recorder(self._episodes[0].env)

    def learn(self, clone: Cloner) -> dict[str, Policy]:
        """Play and clone, round by round."""
        for number in range(self._config.rounds):
            if number:
                self._policies = self._clones(clone, final=False)
            if not self._play(number):
                break
        return self._clones(clone, final=True)

    def _clones(self, clone: Cloner, *, final: bool) -> dict[str, Policy]:
        return {agent: clone(self.recorder, agent, final=final) for agent in self._learned}

    def _play(self, number: int) -> bool:
        """Play one round; False when the budget is spent."""
        beta = self._config.beta**number
        numbers = self._numbers((number + 1) / self._config.rounds)
        return all(
            self._act(running, beta)
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

    def _act(self, running: Sequence[Episode], beta: float) -> bool:
        """Ask about every decision that is due, and act; False when the budget is spent."""
        waiting = [(episode, decision) for episode in running for decision in episode.due]
        granted = self._budget.reserve(len(waiting))
        asked = waiting[:granted]
        experts, env = self._problem.experts, running[0].env
        answers = answers_by_agent(
            experts, [d for _, d in asked], env, told=self._problem.own_experts
        )
        draws = [episode.rng.random(3) for episode, _ in asked]
        moves = drawn(answers, [draw[0] for draw in draws])
        for (episode, decision), answer, move in zip(asked, answers, moves, strict=True):
            self.recorder.add(episode, [decision], [answer], [move])
        if granted < len(waiting):
            return False
        free = [row for row, (game, d) in enumerate(asked) if self._explores(d.agent, game.number)]
        noisy = [row for row in free if draws[row][1] < self._config.noise]
        calm = [row for row in free if row not in noisy and draws[row][2] >= beta]
        chances = answers_by_agent(self._policies, [asked[row][1] for row in calm], env)
        chances += [mask / mask.sum() for mask in (asked[row][1].mask for row in noisy)]
        own = drawn(chances, [draws[row][0] for row in calm + noisy])
        for row, move in zip(calm + noisy, own, strict=True):
            moves[row] = move
        taken = iter(moves)
        for episode in running:
            episode.act([next(taken) for _ in episode.due])
        return True

    def _explores(self, agent: str, number: int) -> bool:
        """Whether the agent plays by its mixture in that game."""
        if self._config.opponents == "experts":
            return agent == self._learned[number % len(self._learned)]
        return agent in self._learned
