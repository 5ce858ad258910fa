"""The known faults of other people's environments, by the name of their row."""

from itertools import count
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv

from tests.benchmarks.third_party.proving import Fault

MOST_TURNS = 200
ATTEMPTS = 20


def replays_differently(env: Any) -> bool:
    """Whether the same seed and actions show something else the second time."""
    play = _rounds if isinstance(env, ParallelEnv) else _turns
    return not _alike(play(env), play(env))


def _alike(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=False))


def _bare(observation: Any) -> Any:
    inside = observation["observation"] if isinstance(observation, dict) else observation
    return np.asarray(inside)


def _legal(env: Any, rng: np.random.Generator) -> int:
    """A random legal action of the agent to move."""
    observation, info = env.observe(env.agent_selection), env.infos[env.agent_selection]
    holder = observation if isinstance(observation, dict) else info
    some = env.action_space(env.agent_selection).n
    return int(rng.choice(np.flatnonzero(holder.get("action_mask", np.ones(some)))))


def _turns(env: Any, seed: int | None = 0) -> list[Any]:
    env.reset(seed=seed)
    seen, rng = [], np.random.default_rng(0)
    for _ in range(MOST_TURNS):
        if not env.agents:
            break
        observation, _, terminated, truncated, _ = env.last()
        seen.append(_bare(observation).copy())
        env.step(None if terminated or truncated else _legal(env, rng))
    return seen


def _rounds(env: Any) -> list[Any]:
    observations, _ = env.reset(seed=0)
    seen, rng = [], np.random.default_rng(0)
    for _ in range(MOST_TURNS):
        seen += list(observations.values())
        if not env.agents:
            break
        actions = {a: int(rng.integers(env.action_space(a).n)) for a in env.agents}
        observations, *_ = env.step(actions)
    return seen


def shows_an_array_for_a_number(env: Any) -> bool:
    """Whether an observation of a discrete space is an array of no axes."""
    env.reset(seed=0)
    agent = env.agent_selection
    discrete = isinstance(env.observation_space(agent), spaces.Discrete)
    return discrete and isinstance(env.observe(agent), np.ndarray)


def is_cut_off_before_the_end(env: Any) -> bool:
    """Whether an OpenSpiel game is cut off in a state that is not its last."""
    env.reset(seed=0)
    for _ in count():
        if any(env.truncations.values()) or any(env.terminations.values()):
            break
        mask = env.infos[env.agent_selection]["action_mask"]
        env.step(int(np.flatnonzero(mask)[-1]))
    return any(env.truncations.values()) and not env.game_state.is_terminal()


def draws_anew_without_a_seed(env: Any) -> bool:
    """Whether the episode after a seeded one, begun without a seed, is another each time."""

    def second() -> list[Any]:
        _turns(env)
        return _turns(env, seed=None)

    first = second()
    return any(not _alike(first, second()) for _ in range(ATTEMPTS))


def hands_out_an_array_twice(env: Any) -> bool:
    """Whether what an agent is shown at its end is the very array of its last turn."""
    for seed in range(ATTEMPTS):
        env.reset(seed=seed)
        before, rng = {}, np.random.default_rng(seed)
        while env.agents:
            agent, seen = env.agent_selection, _bare(env.observe(env.agent_selection))
            if env.terminations[agent] or env.truncations[agent]:
                if np.shares_memory(seen, before.get(agent, np.zeros(1))):
                    return True
                env.step(None)
            else:
                before[agent] = seen
                env.step(_legal(env, rng))
    return False


def shows_text(env: Any) -> bool:
    """Whether agents see text."""
    env.reset(seed=0)
    return isinstance(env.observe(env.agent_selection), str)


SPAWNING = Fault(
    checks=("environment", "view"),
    says=("played again",),
    module="pettingzoo.butterfly.knights_archers_zombies.knights_archers_zombies",
    line="self.zombie_spawn_interval = Interval(spawn_delay)",
    why="The clock of new zombies is set when the environment is made and never by `reset`, so "
    "that an episode depends on the one before it, whatever its seed.",
    shown=replays_differently,
)
COUNTING = Fault(
    checks=("view", "returns", "gymnasium", "sb3"),
    says=("AbsentAgentError",),
    module="shimmy.openspiel_compatibility",
    line="if self.game_length > self._env.max_game_length():",
    why="Moves of chance and the start are counted in `game_length`, though `max_game_length` "
    "leaves them out: the game is cut off before its last agent has a turn.",
    shown=is_cut_off_before_the_end,
)
RESEEDING = Fault(
    checks=("view",),
    says=("the next episode",),
    module="shimmy.openspiel_compatibility",
    line="self.np_random, self.np_seed = seeding.np_random(seed)",
    why="`reset` without a seed draws one from the system, where Gymnasium's rule is to go on from "
    "the seed given before: episodes after the first are anybody's guess.",
    shown=draws_anew_without_a_seed,
)
REUSING = Fault(
    checks=("view", "gymnasium"),
    says=("a fresh observation", "share an object"),
    module="shimmy.openspiel_compatibility",
    line="return self.observations[agent]",
    why="Nothing new is observed at the end: an agent that moved last is handed the very array of "
    "its turn once more.",
    shown=hands_out_an_array_twice,
)
FAULTS: dict[str, tuple[Fault, ...]] = {
    "classic/rps_v2": (
        Fault(
            checks=("sb3",),
            says=("must be an int",),
            module="pettingzoo.classic.rps.rps",
            line="return np.array(self.observations[agent])",
            why="Observations of a discrete space are arrays without axes, where "
            "stable-baselines3 wants numbers.",
            shown=shows_an_array_for_a_number,
        ),
    ),
    "butterfly/knights_archers_zombies_v11": (SPAWNING,),
    "butterfly/knights_archers_zombies_v11 (parallel)": (SPAWNING,),
    "classic/hanabi_v5": (REUSING,),
    "openspiel/backgammon": (RESEEDING, REUSING),
    "openspiel/euchre": (RESEEDING,),
    "openspiel/goofspiel": (RESEEDING,),
    "openspiel/hearts": (RESEEDING,),
    "openspiel/leduc_poker": (RESEEDING, REUSING),
    "openspiel/liars_dice": (RESEEDING, REUSING),
    "openspiel/markov_soccer": (REUSING,),
    "openspiel/oh_hell": (RESEEDING, REUSING),
    "openspiel/othello": (REUSING,),
    "openspiel/first_sealed_auction": (COUNTING,),
    "openspiel/kuhn_poker": (COUNTING,),
    "openspiel/tiny_hanabi": (COUNTING,),
    "openspiel/coin_game": (
        RESEEDING,
        Fault(
            checks=("sb3",),
            says=("must be a numpy array",),
            module="shimmy.openspiel_compatibility",
            line="self.observation_spaces[agent] = spaces.Text(",
            why="Agents see text, of which stable-baselines3 knows nothing.",
            shown=shows_text,
        ),
    ),
}
