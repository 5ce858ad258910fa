"""Connect Four at full size: counts from the literature, and play as PettingZoo's game has it."""

import gymnasium
import numpy as np
import pettingzoo
import pytest

from mail_envs import connect_four_v0
from mail_envs.board import ConnectFour, LineGame, batch, kernels
from mail_envs.board.batch import States
from mail_envs.board.lockstep import random_actions
from tests.boards import SlowBoard

PERFT = (7, 49, 343, 2_401, 16_807, 117_649, 823_536, 5_673_234)
"""Games of 1, 2, … plies."""
POSITIONS = (7, 49, 238, 1_120, 4_263, 16_422, 54_859, 184_275)
"""Different positions after 1, 2, … plies; John Tromp, OEIS A212693."""


def test_connect_four_is_what_it_says():
    game = ConnectFour()
    assert game == LineGame(6, 7, 4, gravity=True)
    assert connect_four_v0.raw_env().game == connect_four_v0.env().unwrapped.game == game
    assert game.actions == 7


def expanded(game, states):
    """All children of the states whose games go on, and how many there are of each action."""
    over, _ = batch.outcomes(game, states)
    going = States(states.mover[~over], states.other[~over])
    rows, actions = np.nonzero(batch.action_masks(game, going))
    return batch.place(game, States(going.mover[rows], going.other[rows]), actions)


def test_perft_from_the_batched_rules():
    game = ConnectFour()
    states, counts = batch.stack([game.initial_state()]), []
    for _ in PERFT:
        states = expanded(game, states)
        counts.append(len(states.mover))
    assert tuple(counts) == PERFT


def test_positions_by_ply_from_the_batched_rules():
    game = ConnectFour()
    states, counts = batch.stack([game.initial_state()]), []
    for _ in POSITIONS:
        states = expanded(game, states)
        _, first = np.unique(batch.keys(game, states), return_index=True)
        states = States(states.mover[first], states.other[first])
        counts.append(len(first))
    assert tuple(counts) == POSITIONS


def compiled_perft(game, depth):
    """The games of 1 … depth plies, by the kernels that the vector environment plays with."""
    layout, counts = kernels.layout_of(game), []
    marks, cells = np.zeros((1, 2), np.uint64), np.zeros((1, game.cells, 2), np.int8)
    legal = np.ones((1, game.actions), np.int8)
    for ply in range(depth):
        rows, actions = map(np.ascontiguousarray, np.nonzero(legal))
        marks, cells, legal = marks[rows], cells[rows], legal[rows]
        turn, results = np.ones(len(rows), np.bool_), np.empty(len(rows), np.int8)
        kernels.place(layout, ply % 2, turn, actions, marks, cells, legal, results)
        counts.append(len(rows))
        going = results == kernels.GOES_ON
        marks, cells, legal = marks[going], cells[going], legal[going]
    return tuple(counts)


def test_perft_from_the_compiled_rules():
    assert compiled_perft(ConnectFour(), 7) == PERFT[:7]


@pytest.mark.slow
def test_perft_from_the_compiled_rules_to_its_end():
    assert compiled_perft(ConnectFour(), 8) == PERFT


@pytest.mark.parametrize("gravity", [True, False])
def test_perft_of_a_cousin_from_the_compiled_rules(gravity):
    game, moves, counts = LineGame(3, 4, 3, gravity=gravity), [()], []
    for _ in range(5):
        moves = [(*line, a) for line in moves for a in SlowBoard(game, line).legal()]
        counts.append(len(moves))
    assert compiled_perft(game, 5) == tuple(counts)


def theirs():
    pytest.importorskip("pygame", reason="PettingZoo's own games draw with it")
    return pettingzoo.make("aec", "classic/connect_four-v3")


def check_plies_beside_pettingzoo(ours, theirs, *, plies, rng):
    """The same random play in both, agent by agent, to the end of each game.

    Once a game is over PettingZoo's masks go on to show open columns; ours are all zeros.
    """
    done = 0
    while done < plies:
        for env in (ours, theirs):
            env.reset(seed=0)
        over = False
        while ours.agents:
            assert ours.agent_selection == theirs.agent_selection
            assert ours.agents == theirs.agents
            (seen, *told), (expected, *told_there) = ours.last(), theirs.last()
            assert told == told_there
            assert ours.rewards == theirs.rewards
            assert np.array_equal(seen["observation"], expected["observation"])
            over = told[1]
            assert over or np.array_equal(seen["action_mask"], expected["action_mask"])
            assert not over or not seen["action_mask"].any()
            action = None if over else int(rng.choice(np.flatnonzero(expected["action_mask"])))
            done += action is not None
            ours.step(action)
            theirs.step(action)
        assert not theirs.agents


@pytest.mark.parametrize("make", [connect_four_v0.env, connect_four_v0.raw_env])
def test_play_is_that_of_pettingzoos_own_game(make):
    peer = theirs() if make is connect_four_v0.env else theirs().unwrapped
    check_plies_beside_pettingzoo(make(), peer, plies=2_000, rng=np.random.default_rng(0))


@pytest.mark.slow
def test_a_million_plies_are_those_of_pettingzoos_own_game():
    rng = np.random.default_rng(1)
    ours, peer = connect_four_v0.raw_env(), theirs().unwrapped
    check_plies_beside_pettingzoo(ours, peer, plies=1_000_000, rng=rng)


def follow(env, peer, row, moves):
    """Play `moves` in PettingZoo's game; what the agent of the vector environment should see."""
    for move in moves:
        peer.step(move)
    agent = env.agent
    mask = peer.observe(agent)["action_mask"]
    return peer.observe(agent)["observation"], mask, peer.rewards[agent], peer.terminations[agent]


def check_boards_beside_pettingzoo(*, boards, plies, seed):
    """The vector environment's games, replayed move by move in PettingZoo's."""
    env = gymnasium.make_vec("mail_envs/ConnectFour-v0", num_envs=boards, opponent="random")
    peers = [theirs().unwrapped for _ in range(boards)]
    rng, done, over = np.random.default_rng(seed), 0, np.ones(boards, dtype=bool)
    observations, _ = env.reset(seed=seed)
    for peer in peers:
        peer.reset()
    over[:] = False
    while done < plies:
        before = observations["observation"]
        actions = random_actions(observations["action_mask"], rng=rng)
        observations, rewards, terminated, _, _ = env.step(actions)
        for row, peer in enumerate(peers):
            if over[row]:
                peer.reset()
                moves = []
            else:
                theirs_new = (observations["observation"][row] - before[row])[..., 1]
                replies = np.flatnonzero(theirs_new.any(axis=0)).tolist()
                moves = [int(actions[row]), *replies]
            done += len(moves)
            seen, mask, reward, ended = follow(env, peer, row, moves)
            assert np.array_equal(observations["observation"][row], seen)
            assert np.array_equal(observations["action_mask"][row], np.ones(7) if ended else mask)
            assert (rewards[row], terminated[row]) == (reward if moves else 0, ended)
        over = terminated


def test_the_batch_plays_as_pettingzoos_own_game():
    check_boards_beside_pettingzoo(boards=8, plies=2_000, seed=0)


@pytest.mark.slow
def test_a_million_plies_of_the_batch_are_those_of_pettingzoos_own_game():
    check_boards_beside_pettingzoo(boards=64, plies=1_000_000, seed=1)
