"""Networks that play each other are recorded to the same bytes: one batch size, one thread."""

import subprocess
import sys

import numpy as np
import torch
from stable_baselines3 import PPO

from mail_envs import tictactoe_v0
from mail_wrappers import FlatObservation, SingleAgentEnv, record
from mail_wrappers.interop.stable_baselines3 import MaskedActorCriticPolicy, as_policy

OPTIONS = {"episodes": 24, "seed": 1, "batch": 8}


def networks():
    """An untrained network for each player: a policy, whose moves are drawn."""
    return {agent: as_policy(model(agent)) for agent in ("player_0", "player_1")}


def model(agent, make=FlatObservation):
    view = make(SingleAgentEnv(tictactoe_v0.raw_env(), agent, "random"))
    return PPO(MaskedActorCriticPolicy, view, n_steps=16, batch_size=16, seed=3, device="cpu")


def checksum():
    torch.set_num_threads(1)
    return record(tictactoe_v0.raw_env, networks(), **OPTIONS).checksum()


def test_the_same_bytes_twice_and_in_another_process():
    here = checksum()
    assert checksum() == here
    command = f"import runpy; print(runpy.run_path({__file__!r})['checksum']())"
    done = subprocess.run(
        [sys.executable, "-c", command], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.split() == [here]


def test_other_batch_sizes_agree_up_to_rounding():
    torch.set_num_threads(1)
    one, many = (
        record(tictactoe_v0.raw_env, networks(), **{**OPTIONS, "batch": batch}) for batch in (1, 8)
    )
    for agent in one.agent_names:
        seen = [table.of(agent).observations for table in (one, many)]
        np.testing.assert_array_equal(*seen)
        chances = [table.of(agent).distributions for table in (one, many)]
        np.testing.assert_allclose(*chances, atol=1e-6)


def test_models_themselves_play_what_they_prefer():
    """Shown what the environment shows, dictionaries included."""
    players = {agent: model(agent, lambda view: view) for agent in ("player_0", "player_1")}
    for player in players.values():
        assert set(player.observation_space.spaces) == {"observation", "action_mask"}
    tables = [record(tictactoe_v0.raw_env, players, episodes=2, seed=1, batch=2) for _ in range(2)]
    assert tables[0].checksum() == tables[1].checksum()
    own = tables[0].of("player_0")
    best = as_policy(players["player_0"], deterministic=True)(own.observations, own.masks())
    np.testing.assert_array_equal(own.distributions, best)
