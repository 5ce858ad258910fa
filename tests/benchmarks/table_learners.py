"""A table of learner × task: how each fares against random play, and whether it keeps to masks.

    python -m tests.benchmarks.table_learners
    python -m tests.benchmarks.table_learners --foreign rps_v2 --write docs/learners.md

Every learner trains as the first agent: stable-baselines3's and sb3-contrib's in the single-agent
view against random opponents, on flat observations with the mask packed in; `learn`'s from the
experts. Then it plays at least 10 000 moves against random opponents, in fresh games. A learner
without masks loses the game in which it moves illegally. Exit code 1 where a learner that masks
moved illegally. Needs the extra `[learners]` and, for PettingZoo's games, `pygame`; with
`imitation` installed as well, its learners join.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3 import A2C, PPO

from mail_envs import PerfectExpert, connect_four_v0, grid_game_v0, tictactoe_v0
from mail_envs.board import ConnectFour, TicTacToe
from mail_envs.markov.tabular import TabularPolicy
from mail_envs.protocols.asking import sample_actions, uniform_policy
from mail_learners import learn
from mail_learners.rows import FlattenedPolicy
from mail_learners.statistics import Mean, student_interval
from mail_wrappers import FlatObservation, SingleAgentEnv
from mail_wrappers.answering import answers, by_policy, drawn
from mail_wrappers.columns import stacked
from mail_wrappers.flat import FlatLayout
from mail_wrappers.interop.stable_baselines3 import (
    MaskedActorCriticPolicy,
    MaskedDQN,
    as_policy,
)
from mail_wrappers.lockstep import RunningEpisode, lockstep, waiting
from mail_wrappers.tape import seat_of

MOVES = 10_000
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


@dataclass(frozen=True)
class Task:
    """An environment, how many games experts are watched in, and experts where it has none."""

    name: str
    make: Callable[[], Any]
    games: int
    experts: dict[str, Any] | None = None
    lost: float = -1.0

    @property
    def agent(self) -> str:
        return self.make().possible_agents[0]


def foreign(name):
    """A game of PettingZoo's own, with experts that know its rules."""
    from importlib import import_module

    module = import_module(f"pettingzoo.classic.{name}")
    if name in {"connect_four_v3", "tictactoe_v3"}:
        expert = PerfectExpert(ConnectFour() if name.startswith("connect") else TicTacToe())
        experts = dict.fromkeys(module.env().possible_agents, expert)
        return Task(f"PettingZoo's {name}", module.raw_env, 60, experts)
    if name == "rps_v2":  # the equilibrium is uniform
        experts = dict.fromkeys(("player_0", "player_1"), uniform_policy)
        return Task(f"PettingZoo's {name}", module.parallel_env, 10, experts)
    raise SystemExit(f"--foreign: expected connect_four_v3, tictactoe_v3 or rps_v2, came {name}")


class Outcome(NamedTuple):
    """What a learner ends with: how it chooses, and what it was trained on."""

    choose: Callable[[Any, np.ndarray, np.random.Generator], np.ndarray]
    trained: str


# ---- learners: (task, steps) -> Outcome


class AllMasks(FlatObservation):
    """Flat observations; their last entries are the mask, for MaskablePPO everywhere."""

    def reset(self, **options):
        self._row, info = super().reset(**options)
        return self._row, info

    def step(self, action):
        self._row, *rest = super().step(action)
        return self._row, *rest

    def action_masks(self):
        return self._row[-int(self.action_space.n) :] == 1


def off_the_shelf(make_model, task, steps, *, masks=False):
    view = AllMasks(SingleAgentEnv(task.make(), task.agent, "random"))
    model = make_model(view).learn(steps)
    layout = FlatLayout(view.env.observation_space, view.action_space)

    def choose(seen, legal, rng):
        flat = layout.flatten({"observation": seen, "action_mask": legal}, {})
        told = {"action_masks": legal == 1} if masks else {}
        return model.predict(flat, deterministic=True, **told)[0]

    return Outcome(choose, f"{model.num_timesteps} frames")


TUNED = {"learning_rate": 1e-3, "gamma": 1.0, "seed": 0, "device": "cpu"}


def dqn(view):
    return MaskedDQN(
        "MlpPolicy",
        view,
        learning_starts=500,
        target_update_interval=500,
        exploration_fraction=0.5,
        buffer_size=50_000,
        policy_kwargs={"net_arch": [64, 64]},
        **TUNED,
    )


def imitating(name, task, steps):
    del steps
    result = learn(name, task.make, games=task.games, seed=0, experts=task.experts)
    policy = result.policies[task.agent]
    table = TabularPolicy(policy) if isinstance(policy, np.ndarray) else policy

    def choose(seen, legal, rng):
        return sample_actions(table(seen, legal), rng=rng)

    return Outcome(choose, f"{result.queries} queries")


def by_imitation(name, task, steps):
    """`imitation`'s BC, DAgger, GAIL and AIRL; the expert is the first agent's."""
    from imitation.algorithms.adversarial.airl import AIRL
    from imitation.algorithms.adversarial.gail import GAIL
    from imitation.algorithms.bc import BC
    from imitation.algorithms.dagger import SimpleDAggerTrainer
    from imitation.data import rollout
    from imitation.rewards.reward_nets import BasicRewardNet
    from imitation.util.logger import configure

    from mail_wrappers.interop.imitation import as_expert, masked_policy, vector_view

    venv = vector_view(lambda: SingleAgentEnv(task.make(), task.agent, "random"), seed=0)
    spaces = {"observation_space": venv.observation_space, "action_space": venv.action_space}
    rng, quiet = np.random.default_rng(0), configure(format_strs=())
    expert = as_expert(task.experts[task.agent] if task.experts else "expert", venv)
    if name == "DAgger":
        bc = BC(policy=masked_policy(venv), rng=rng, custom_logger=quiet, **spaces)
        with tempfile.TemporaryDirectory() as folder:
            trainer = SimpleDAggerTrainer(
                venv=venv,
                scratch_dir=folder,
                expert_policy=expert,
                bc_trainer=bc,
                rng=rng,
                custom_logger=quiet,
            )
            trainer.train(1000, rollout_round_min_timesteps=200)
        return Outcome(_by_policy(task, trainer.policy), "1000 labels")
    until = rollout.make_min_episodes(task.games)
    shown = rollout.rollout(expert, venv, until, rng=rng, unwrap=False)
    labels = f"{sum(map(len, shown))} labels"
    if name == "BC":
        policy = masked_policy(venv)
        bc = BC(policy=policy, demonstrations=shown, rng=rng, custom_logger=quiet, **spaces)
        bc.train(n_epochs=20, progress_bar=False)
        return Outcome(_by_policy(task, bc.policy), labels)
    learner = PPO(MaskedActorCriticPolicy, venv, **PPO_STEPS, **TUNED)
    trainer = {"GAIL": GAIL, "AIRL": AIRL}[name](
        demonstrations=shown,
        demo_batch_size=64,
        venv=venv,
        gen_algo=learner,
        reward_net=BasicRewardNet(**spaces),
        allow_variable_horizon=True,
        custom_logger=quiet,
    )
    trainer.train(steps)
    return Outcome(_by_policy(task, learner.policy), f"{labels}, {steps} frames")


def _by_policy(task, model):
    policy = FlattenedPolicy(as_policy(model), seat_of(task.make(), task.agent).space)
    return lambda seen, legal, rng: sample_actions(policy(seen, legal), rng=rng)


PPO_STEPS = {"n_steps": 512, "batch_size": 128, "n_epochs": 6}
MASKED = {
    "masked DQN": partial(off_the_shelf, dqn),
    "MaskablePPO": partial(
        off_the_shelf, lambda view: MaskablePPO("MlpPolicy", view, **PPO_STEPS, **TUNED), masks=True
    ),
    **{name: partial(imitating, name) for name in ("bc", "uniform-bc", "dqn-explore-bc", "dagger")},
}
if find_spec("imitation"):
    MASKED |= {
        f"imitation's {name}": partial(by_imitation, name)
        for name in ("BC", "DAgger", "GAIL", "AIRL")
    }
UNMASKED = {
    "PPO": partial(off_the_shelf, lambda view: PPO("MlpPolicy", view, **PPO_STEPS, **TUNED)),
    "A2C": partial(off_the_shelf, lambda view: A2C("MlpPolicy", view, **TUNED)),
}


# ---- evaluation


class Score(NamedTuple):
    """How a learner fares: an estimate."""

    returns: Mean
    moves: int
    illegal: int


def evaluate(task, choose, *, moves=MOVES, seed=1):
    """Play against random opponents until the learner has made at least so many moves."""
    episodes = [RunningEpisode(task.make()) for _ in range(64)]
    seats, agent, made, returns = episodes[0].seats, task.agent, [0, 0], []
    numbers, lost = iter(lambda: made[0] < moves, False), set()
    rng = np.random.default_rng(seed)
    others = dict.fromkeys(seats, by_policy(uniform_policy))
    for running in lockstep(episodes, (i for i, _ in enumerate(numbers)), seed=seed):
        turns = waiting(running)
        actions = list(map(drawn, turns, answers(others, turns), rng.random(len(turns))))
        own = [row for row, turn in enumerate(turns) if turn.agent == agent]
        if own:
            legal = np.stack([turns[row].mask for row in own])
            seen = stacked([turns[row].seen for row in own], seats[agent].observations)
            chosen = choose(seen, legal, rng)
            for row, mask, action in zip(own, legal, np.asarray(chosen).tolist(), strict=True):
                made[0] += 1
                if mask[action]:
                    actions[row] = action
                else:  # the game is lost; a random move ends it for the environment
                    made[1] += 1
                    lost.add(turns[row].episode.number)
        taken = iter(actions)
        for episode in running:
            episode.act([next(taken) for _ in episode.due])
            if not episode.due:
                fallen = episode.number in lost
                returns.append(task.lost if fallen else episode.returns[agent])
    return Score(student_interval(returns), *made)


# ---- the table


class Row(NamedTuple):
    learner: str
    masked: bool
    trained: str
    score: Score
    seconds: float


def rows_of(task, steps, learners):
    for name, train in learners.items():
        started = time.process_time()
        torch.manual_seed(0)
        outcome = train(task, steps)
        score = evaluate(task, outcome.choose)
        row = Row(name, name not in UNMASKED, outcome.trained, score, time.process_time() - started)
        print(f"{task.name:24} {line(row)}", flush=True)
        yield row


def line(row):
    mean, illegal = row.score.returns, row.score.illegal
    return (
        f"| {row.learner} | {row.trained} | {mean.value:.3f} ± {mean.half_width:.3f} "
        f"| {mean.count} | {illegal} of {row.score.moves}{'' if row.masked else ' (no masks)'} "
        f"| {row.seconds:.0f} |"
    )


def markdown(found):
    lines = []
    for task, rows in found.items():
        lines += [f"### {task}", ""]
        lines += ["| learner | trained on | mean return | games | illegal moves | CPU s |"]
        lines += ["|---|---|---|---|---|---|", *map(line, rows), ""]
    return "\n".join(lines)


def baseline(task):
    """Random play itself."""
    choose = lambda seen, legal, rng: sample_actions(uniform_policy(seen, legal), rng=rng)  # noqa: E731
    return Row("random play", True, "nothing", evaluate(task, choose), 0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=8000, help="frames of off-the-shelf learners")
    parser.add_argument("--foreign", default="connect_four_v3", help="a game of PettingZoo's own")
    parser.add_argument("--only", help="learners, comma-separated")
    parser.add_argument("--write", type=Path, help="a page between whose marks the table goes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    learners = {**MASKED, **UNMASKED}
    if options.only:
        learners = {name: learners[name] for name in options.only.split(",")}
    tasks = [
        Task("Tic-Tac-Toe", tictactoe_v0.raw_env, 60),
        Task("Connect Four", connect_four_v0.raw_env, 60),
        Task("Grid game (linear)", grid_game_v0.parallel_env, 20),
        foreign(options.foreign),
    ]
    found = {task.name: [baseline(task), *rows_of(task, options.steps, learners)] for task in tasks}
    text = markdown(found)
    print(text)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
    broken = [row for rows in found.values() for row in rows if row.masked and row.score.illegal]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
