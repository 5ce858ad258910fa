"""The batched view: the same game, exactly worth what policy evaluation says, and its autoreset."""

import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from mail_envs import (
    block_linear_v0,
    chain_of_despair_v0,
    grid_game_v0,
    independent_linear_v0,
    random_game_v0,
)
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.markov import TabularPolicy, library
from mail_envs.markov.environments import MarkovGameEnv
from mail_envs.markov.evaluation import policy_values, product, start_values
from mail_envs.markov.tabular import policy_tables
from mail_envs.markov.vector import MarkovVectorEnv, make_vector_view
from mail_envs.protocols import ProvidesTruth

MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP]


def exact_value(game, policies, player):
    return start_values(game, policy_values(game, product(policy_tables(game, policies))))[player]


def mean_return(env, policy, steps, discount=1.0):
    """The mean over copies of one episode's return, and its standard error."""
    rng = np.random.default_rng(0)
    observations, _ = env.reset(seed=1)
    total = np.zeros(env.num_envs)
    for h in range(steps):
        table = policy(h, observations)
        actions = (rng.random(env.num_envs)[:, None] > table.cumsum(axis=1)).sum(axis=1)
        observations, rewards, *_ = env.step(actions)
        total += discount**h * rewards
    return total.mean(), total.std() / np.sqrt(env.num_envs)


@pytest.mark.parametrize("agent", [0, 1, 2])
def test_returns_are_those_of_policy_evaluation_with_a_horizon(agent):
    env = independent_linear_v0.parallel_env(3)
    game = env.game
    batch = MarkovVectorEnv(env, game.agents[agent], num_envs=20_000)
    uniform = np.full((game.num_states, 3), 1 / 3)
    policies = [env.expert(name) for name in game.agents]
    policies[agent] = uniform
    mean, error = mean_return(batch, lambda _, s: uniform[s], game.horizon)
    assert abs(mean - exact_value(game, policies, agent)) <= 5 * error
    assert error < 0.02


def test_returns_are_those_of_policy_evaluation_discounted():
    env = random_game_v0.parallel_env(5, discount=0.7, max_cycles=40)
    batch = MarkovVectorEnv(env, "player_1", "random", num_envs=20_000)
    rng = np.random.default_rng(3)
    own = rng.dirichlet(np.ones(3), size=10)
    policies = [np.full((10, 3), 1 / 3), own]
    mean, error = mean_return(batch, lambda _, s: own[s], 40, discount=0.7)
    assert abs(mean - exact_value(env.game, policies, 1)) <= 5 * error + 0.7**40


def test_policies_that_depend_on_the_step_are_asked_about_it():
    env = block_linear_v0.parallel_env(7, observation="step-and-state")
    game = env.game
    batch = MarkovVectorEnv(env, "player_0", num_envs=20_000)
    own = np.asarray(env.expert("player_0"))[::-1]  # the expert backwards in time: any policy
    mean, error = mean_return(batch, lambda h, o: own[h, o[:, 1]], game.horizon)
    exact = exact_value(game, [own, env.expert("player_1")], 0)
    assert abs(mean - exact) <= 5 * error


def test_any_policy_may_play_the_others():
    seen = []

    def policy(observations, masks):
        seen.append(observations)
        return np.eye(2)[observations.argmax(axis=1) % 2] * masks

    env = chain_of_despair_v0.parallel_env(6, observation="one-hot", reveal_actions=True)
    batch = MarkovVectorEnv(env, "player_0", {"player_1": policy}, num_envs=7)
    batch.reset(seed=0)
    observations = [batch.step(np.zeros(7, dtype=int)) for _ in range(3)]
    assert seen[1].shape == (7, 6)
    np.testing.assert_array_equal(seen[1], observations[0][0])
    info = observations[0][4]
    assert info["joint_action"].tolist() == [[0, 0]] * 7
    assert info["_joint_action"].all()
    table = TabularPolicy(np.tile([0.0, 1.0], (6, 1)))
    batch = MarkovVectorEnv(env, "player_0", table, num_envs=7)
    batch.reset(seed=0)
    assert batch.step(np.zeros(7, dtype=int))[4]["joint_action"].tolist() == [[0, 1]] * 7


@pytest.mark.parametrize("mode", MODES)
def test_a_seed_is_a_batch(mode):
    def played(seed):
        batch = MarkovVectorEnv(block_linear_v0.parallel_env(), num_envs=9, autoreset_mode=mode)
        out = [batch.reset(seed=seed)]
        out += [batch.step(np.arange(9) % 2) for _ in range(12)]
        return [step[0].tolist() for step in out]

    assert played(4) == played(4)
    assert played(4) != played(5)


def test_next_step_resets_a_step_later_and_pays_nothing_for_it():
    batch = MarkovVectorEnv(block_linear_v0.parallel_env(horizon=2), num_envs=4)
    assert batch.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    batch.reset(seed=0)
    actions = np.zeros(4, dtype=int)
    steps = [batch.step(actions) for _ in range(5)]
    ends = [step[2].tolist() for step in steps]
    assert ends == [[False] * 4, [True] * 4, [False] * 4, [False] * 4, [True] * 4]
    assert [step[4]["step"][0] for step in steps] == [1, 2, 0, 1, 2]
    assert (steps[2][1] == 0).all()
    assert (steps[1][1] != 0).all()
    starts = batch.game.initial_distribution[steps[2][0]]
    assert (starts > 0).all()


def test_same_step_shows_the_end_beside_the_next_beginning():
    env = block_linear_v0.parallel_env(horizon=2, reveal_actions=True)
    batch = MarkovVectorEnv(env, num_envs=4, autoreset_mode="SameStep")
    assert batch.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    batch.reset(seed=0)
    first = batch.step(np.zeros(4, dtype=int))
    assert "final_obs" not in first[4]
    observations, rewards, ends, cuts, info = batch.step(np.ones(4, dtype=int))
    assert ends.all()
    assert not cuts.any()
    assert (rewards != 0).all()
    assert (batch.game.initial_distribution[observations] > 0).all()
    assert info["step"].tolist() == [0] * 4
    assert info["_final_obs"].all()
    assert info["final_info"]["step"].tolist() == [2] * 4
    np.testing.assert_array_equal(info["final_info"]["expert_observation"][:, 1], info["final_obs"])
    assert not info["_joint_action"].any()  # nothing was played in the new episodes
    assert info["final_info"]["_joint_action"].all()


def test_truncation_and_copies_out_of_step():
    """Copies that ended at different times keep their own clocks."""
    batch = MarkovVectorEnv(grid_game_v0.parallel_env(max_cycles=3), num_envs=3)
    batch.reset(seed=0)
    batch._steps[:] = [0, 1, 2]
    cuts = [batch.step(np.zeros(3, dtype=int))[3].tolist() for _ in range(5)]
    assert cuts == [
        [False, False, True],
        [False, True, False],
        [True, False, False],
        [False, False, False],
        [False, False, True],
    ]


def test_what_was_returned_does_not_change_afterwards():
    for observation in ("state", "step-and-state", "one-hot", "features"):
        env = block_linear_v0.parallel_env(observation=observation)
        batch = MarkovVectorEnv(env, num_envs=50)
        observations, info = batch.reset(seed=0)
        kept = observations.copy(), {key: value.copy() for key, value in info.items()}
        answers = [batch.step(np.arange(50) % 2) for _ in range(8)]
        del answers
        np.testing.assert_array_equal(observations, kept[0])
        for key, value in info.items():
            np.testing.assert_array_equal(value, kept[1][key])


def test_it_tells_the_truth_and_its_spaces():
    env = block_linear_v0.parallel_env()
    batch = MarkovVectorEnv(env, "player_1", num_envs=3)
    assert isinstance(batch, ProvidesTruth)
    assert batch.game is env.game
    assert batch.agent == "player_1"
    assert batch.single_observation_space == spaces.Discrete(100)
    assert batch.observation_space == spaces.MultiDiscrete([100] * 3)
    assert batch.action_space == spaces.MultiDiscrete([2] * 3)
    assert batch.expert("player_0") is env.expert("player_0")
    assert batch.feature_map("player_0").dimension == 20


def test_frames():
    env = grid_game_v0.parallel_env(render_mode="ansi")
    batch = MarkovVectorEnv(env, num_envs=2)
    batch.reset(seed=0)
    assert batch.render() == ("step 0:\n. . *\n0 . .\n. 1 .\n",) * 2
    assert MarkovVectorEnv(grid_game_v0.parallel_env(), num_envs=2).render() is None
    assert batch.metadata["render_modes"] == ["ansi", "rgb_array"]  # one window shows one game
    with pytest.raises(UnknownNameError, match="of many copies, came 'human'"):
        MarkovVectorEnv(grid_game_v0.parallel_env(render_mode="human"), num_envs=2)


def test_the_entry_point():
    batch = make_vector_view(
        "mail_envs.grid_game_v0:parallel_env",
        agent="player_1",
        opponent="random",
        num_envs=3,
        max_episode_steps=4,
        features="relational",
    )
    assert batch.agent == "player_1"
    assert batch.feature_map("player_1").dimension == 80
    batch.reset(seed=0)
    cuts = [batch.step(np.zeros(3, dtype=int))[3].all() for _ in range(4)]
    assert cuts == [False, False, False, True]


def test_mistakes_are_named():
    env = MarkovGameEnv(library.random_game(0))
    batch = MarkovVectorEnv(env, num_envs=3)
    with pytest.raises(EpisodeOverError, match="call reset"):
        batch.step(np.zeros(3, dtype=int))
    batch.reset(seed=0)
    for actions, error, message in (
        (np.zeros(2, dtype=int), ShapeError, r"shape \(3,\), came int64 of shape \(2,\)"),
        (np.zeros(3), ShapeError, "integers of shape .*came float64"),
        (np.array([0, 3, 9]), IllegalActionError, r"one of 0\.\.2, came 3 in copy 1"),
        (np.array([0, 1, -1]), IllegalActionError, "came -1 in copy 2"),
    ):
        with pytest.raises(error, match=message):
            batch.step(actions)
    with pytest.raises(ValueError, match="num_envs: expected at least 1, came 0"):
        MarkovVectorEnv(env, num_envs=0)
    with pytest.raises(UnknownNameError, match=r"autoreset_mode: .*came 'Disabled'"):
        MarkovVectorEnv(env, autoreset_mode="Disabled")
    with pytest.raises(UnknownAgentError, match="player_5"):
        MarkovVectorEnv(env, "player_5")
    with pytest.raises(UnknownAgentError, match="player_0"):
        MarkovVectorEnv(env, others={"player_0": "random"})
    with pytest.raises(UnknownNameError, match=r"policy of player_1: .*came 'best'"):
        MarkovVectorEnv(env, others="best")
    with pytest.raises(ShapeError, match="player_1"):
        MarkovVectorEnv(env, others=TabularPolicy(np.ones((4, 1))))
