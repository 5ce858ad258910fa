"""Markov games as parallel environments: what is shown, paid and told, and when episodes end."""

import numpy as np
import pytest
from gymnasium import spaces

from mail_envs import (
    additive_linear_v0,
    block_linear_v0,
    chain_of_despair_v0,
    grid_game_v0,
    independent_linear_v0,
    low_rank_v0,
    lower_bound_v0,
    random_game_v0,
)
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidModelError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
    UnsolvedGameError,
)
from mail_envs.markov import MarkovGame, OneHotFeatures, feature_vectors, library
from mail_envs.markov.environments import MarkovGameEnv, episode_length
from mail_envs.markov.setting import Setting
from mail_envs.protocols import OneHotFeatureMap, ProvidesTruth

FIRST, SECOND = "player_0", "player_1"


def play(env, *joint, seed=0, **options):
    """Reset and play joint actions; the last step's answer."""
    env.reset(seed=seed, options=options)
    answer = None
    for actions in joint:
        answer = env.step(dict(zip(env.possible_agents, actions, strict=True)))
    return answer


def test_a_bare_game_is_an_environment():
    game = library.random_game(1)
    env = MarkovGameEnv(game)
    assert isinstance(env, ProvidesTruth)
    assert env.unwrapped.game is game
    assert str(env) == "markov_game_v0"
    observations, infos = env.reset(seed=3)
    assert observations == {FIRST: 0, SECOND: 0}
    assert infos == {FIRST: {}, SECOND: {}}
    assert env.action_space(FIRST) == spaces.Discrete(3)
    assert env.observation_space(FIRST) is env.observation_space(FIRST)
    assert env.expert(SECOND).shape == (10, 3)
    assert env.state().tolist() == [0, 0]


def test_a_seed_is_an_episode():
    def episode(env, seed):
        seen = [env.reset(seed=seed)[0][FIRST]]
        while env.agents:
            seen.append(env.step({FIRST: 1, SECOND: 2})[0][FIRST])
        return seen

    one, other = random_game_v0.parallel_env(), random_game_v0.parallel_env()
    assert episode(one, 5) == episode(other, 5)
    assert episode(one, None) == episode(other, None)  # both go on with the same stream
    assert episode(one, 5) != episode(other, 6)


def test_steps_draw_from_the_model_and_pay_as_it_does():
    game = library.random_game(2, states=4, actions=(2, 3))
    env = MarkovGameEnv(game)
    counts = np.zeros(4)
    for seed in range(3000):
        observations, rewards, *_ = play(env, (1, 2), seed=seed, state=3)
        counts[observations[FIRST]] += 1
        assert rewards == {
            FIRST: game.dynamics.reward_table[0, 0, 3, 1, 2],
            SECOND: game.dynamics.reward_table[1, 0, 3, 1, 2],
        }
    expected = game.dynamics.transitions[0, 3, 1, 2]
    error = np.sqrt(expected * (1 - expected) / 3000)
    assert (np.abs(counts / 3000 - expected) <= 5 * error).all()


def test_a_game_with_a_horizon_terminates_there():
    env = block_linear_v0.parallel_env(horizon=2)
    *_, terminations, truncations, infos = play(env, (0, 1), (1, 0))
    assert terminations == {FIRST: True, SECOND: True}
    assert truncations == {FIRST: False, SECOND: False}
    assert infos[FIRST]["step"] == 2
    assert env.agents == []
    with pytest.raises(EpisodeOverError, match="call reset"):
        env.step({FIRST: 0, SECOND: 0})


@pytest.mark.parametrize(
    ("options", "length"), [({}, 44), ({"max_cycles": 7}, 7), ({"discount": 0.5}, 7)]
)
def test_a_discounted_game_is_truncated(options, length):
    env = random_game_v0.parallel_env(**options)
    env.reset(seed=0)
    for step in range(1, length + 1):
        *_, terminations, truncations, infos = env.step({FIRST: 0, SECOND: 0})
        assert not any(terminations.values())
        assert all(truncations.values()) == (step == length)
    assert infos == {FIRST: {}, SECOND: {}}


def test_default_lengths_leave_out_a_hundredth():
    for discount in (0.0, 0.3, 0.9, 0.99):
        length = episode_length(library.random_game(0, discount=discount), None)
        assert discount**length <= 0.01
        assert length == 1 or discount ** (length - 1) > 0.01
    assert episode_length(library.random_game(0, horizon=5), 3) == 3
    assert episode_length(library.random_game(0, horizon=5), 9) == 5
    with pytest.raises(ValueError, match="max_cycles: expected None or at least 1, came 0"):
        episode_length(library.random_game(0), 0)


def test_a_horizon_can_be_cut_short():
    env = block_linear_v0.parallel_env(max_cycles=2)
    *_, terminations, truncations, _ = play(env, (0, 1), (1, 0))
    assert not any(terminations.values())
    assert all(truncations.values())


def test_absorbing_states_pay_until_the_end():
    env = grid_game_v0.parallel_env()
    env.reset(seed=0, options={"state": 16})  # player 0 on the goal
    returns, weight = 0.0, 1.0
    while env.agents:
        _, rewards, *_ = env.step({FIRST: 0, SECOND: 1})
        assert rewards == {FIRST: 1.0, SECOND: -1.0}
        returns, weight = returns + weight * rewards[FIRST], weight * env.game.discount
    assert returns == pytest.approx((1 - 0.9**44) / (1 - 0.9))


def test_lenses_on_the_state():
    games = {"horizon": 3, "states": 20, "latents": 5}
    seen = {}
    for name in ("state", "step-and-state", "one-hot", "features"):
        env = block_linear_v0.parallel_env(observation=name, **games)
        observations, *_ = play(env, (0, 1), seed=4)
        seen[name] = observations[SECOND]
        assert env.observation_space(SECOND).contains(observations[SECOND])
    state = seen["state"]
    assert seen["step-and-state"].tolist() == [1, state]
    assert np.flatnonzero(seen["one-hot"]).tolist() == [state]
    assert seen["features"].shape == (2, 10)
    latent = state % 5
    assert np.argwhere(seen["features"]).tolist() == [[0, 2 * latent], [1, 2 * latent + 1]]


def test_rich_observations_are_an_option_of_low_rank_games():
    env = low_rank_v0.parallel_env(observation="rich")
    assert low_rank_v0.parallel_env().observation_space(FIRST) == spaces.Discrete(512)
    observations, infos = env.reset(seed=1)
    assert observations[FIRST].dtype == np.float32
    assert env.observation_space(FIRST).contains(observations[FIRST])
    _, state = infos[FIRST]["expert_observation"]
    np.testing.assert_array_equal(
        observations[FIRST], library.rich_observations(env.game)[state].astype(np.float32)
    )


@pytest.mark.parametrize("observation", ["step-and-state", "one-hot", "features", "rich"])
@pytest.mark.parametrize("features", ["one-hot", "latent"])
def test_feature_maps_understand_what_agents_see(observation, features):
    options = {"latents": 4, "noise_bits": 2, "features": features}
    plain = low_rank_v0.parallel_env(**options)
    env = low_rank_v0.parallel_env(observation=observation, **options)
    states, actions = np.arange(16), np.arange(16) % 2
    seen = env.lens(FIRST)(np.ones(16, dtype=np.int64), states)
    expected = plain.feature_map(FIRST)
    got = env.feature_map(FIRST)
    assert isinstance(got, OneHotFeatureMap)
    assert got.dimension == expected.dimension
    np.testing.assert_array_equal(got.keys(seen, actions), expected.keys(states, actions))


@pytest.mark.parametrize("observation", ["state", "step-and-state", "one-hot", "features"])
def test_vectors_of_features_too(observation):
    env = additive_linear_v0.parallel_env(observation=observation, states=12)
    states, actions = np.arange(12), np.arange(12) % 2
    seen = env.lens(SECOND)(np.zeros(12, dtype=np.int64), states)
    expected = env.game.feature_maps[1](states, actions)
    got = env.feature_map(SECOND)
    assert got.dimension == 5
    np.testing.assert_allclose(got(seen, actions), expected, atol=1e-7)
    np.testing.assert_allclose(feature_vectors(got, seen, actions), expected, atol=1e-7)


def test_experts_are_asked_about_what_infos_say():
    stationary = random_game_v0.parallel_env()
    _, infos = stationary.reset(seed=0)
    assert "expert_observation" not in infos[FIRST]  # the observation itself
    hidden = random_game_v0.parallel_env(observation="features")
    _, infos = hidden.reset(seed=0)
    assert infos[FIRST]["expert_observation"] == 0
    staged = block_linear_v0.parallel_env()
    *_, infos = play(staged, (0, 0), seed=3)
    question = infos[FIRST]["expert_observation"]
    assert question.tolist() == staged.state().tolist()
    answer = staged.expert(FIRST)(question[None], None)[0]
    np.testing.assert_array_equal(answer, np.asarray(staged.expert(FIRST))[1, question[1]])
    told = block_linear_v0.parallel_env(observation="step-and-state")
    observations, infos = told.reset(seed=3)
    assert "expert_observation" not in infos[FIRST]
    assert told.expert(FIRST)(observations[FIRST][None], None).shape == (1, 2)


def test_experts_by_name():
    published = grid_game_v0.parallel_env().expert(FIRST)
    np.testing.assert_array_equal(
        published.table, library.grid_experts(library.grid_game())[0].table
    )
    own = grid_game_v0.parallel_env(size=4, expert="nash")
    assert own.expert(FIRST).shape == (240, 4)
    with pytest.raises(UnknownNameError, match=r"expert: expected one of .*came 'best'"):
        grid_game_v0.parallel_env(expert="best")
    fork = lower_bound_v0.parallel_env("separating", concentrability=np.inf)
    assert fork.expert(SECOND).table[0, 0].tolist() == [1.0, 0.0]
    assert chain_of_despair_v0.parallel_env().expert(FIRST).table[0, -1].tolist() == [1.0, 0.0]


def test_general_sum_games_play_without_experts():
    env = random_game_v0.parallel_env(zero_sum=False, actions=(2, 2, 2))
    assert len(play(env, (0, 1, 1))[1]) == 3
    with pytest.raises(UnsolvedGameError):
        env.expert(FIRST)


def test_others_actions_are_revealed_on_request():
    env = independent_linear_v0.parallel_env(reveal_actions=True)
    _, infos = env.reset(seed=0)
    assert "joint_action" not in infos[FIRST]
    *_, infos = env.step({"player_0": 2, "player_1": 0, "player_2": 1})
    assert all(info["joint_action"].tolist() == [2, 0, 1] for info in infos.values())
    assert "joint_action" not in play(independent_linear_v0.parallel_env(), (0, 0, 0))[-1][FIRST]


def test_text_and_pictures():
    grid = grid_game_v0.parallel_env(render_mode="ansi")
    play(grid, (2, 2))
    assert grid.render() == "step 1:\n0 . *\n. 1 .\n. . .\n"
    chain = chain_of_despair_v0.parallel_env(4, render_mode="ansi")
    play(chain, (0, 0))
    assert chain.render() == "step 1: s0 s2 s3   [s1]\n"
    block = block_linear_v0.parallel_env(render_mode="ansi")
    block.reset(options={"state": 37})
    assert block.render() == "step 0: state 37 (latent 7)\n"
    plain = random_game_v0.parallel_env(render_mode="ansi")
    plain.reset(seed=0)
    assert plain.render() == "step 0: state 0\n"
    fork = lower_bound_v0.parallel_env(render_mode="ansi")
    fork.reset(seed=0)
    assert fork.render() == "step 0: state 0 (start)\n"


def test_rendering_without_a_mode_warns():
    env = grid_game_v0.parallel_env()
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert env.render() is None


def test_lenses_say_which_states_they_show():
    env = block_linear_v0.parallel_env(states=20)
    states, steps = np.arange(20), np.zeros(20, dtype=np.int64)
    for name in ("state", "step-and-state", "one-hot"):
        lens = env.setting.lens(name, 0)
        np.testing.assert_array_equal(lens.states(lens(steps, states)), states)
    features = env.setting.lens("features", 0)
    with pytest.raises(InvalidModelError, match="tell states apart"):
        features.states(features(steps, states))


def test_pictures_show_where_tokens_are():
    env = grid_game_v0.parallel_env(render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (192, 192, 3)
    assert picture.dtype == np.uint8
    # twelve pixels below the centres, where no number is
    centre = {(r, c): tuple(picture[64 * r + 44, 64 * c + 32]) for r in range(3) for c in range(3)}
    blue, red, gold, paper = centre[1, 0], centre[2, 1], centre[0, 2], centre[0, 0]
    assert len({blue, red, gold, paper}) == 4
    assert all(centre[cell] == paper for cell in ((0, 1), (1, 1), (1, 2), (2, 0), (2, 2)))
    chain = chain_of_despair_v0.parallel_env(5, render_mode="rgb_array")
    chain.reset(options={"state": 1})
    below = chain.render()
    assert below.shape == (128, 256, 3)
    assert tuple(below[64 + 44, 32]) == blue
    chain.reset(options={"state": 4})
    assert tuple(chain.render()[44, 3 * 64 + 32]) == blue


def test_mistakes_are_named():
    env = block_linear_v0.parallel_env()
    with pytest.raises(EpisodeOverError):
        env.step({FIRST: 0, SECOND: 0})
    env.reset(seed=0)
    for actions, error, message in (
        ({FIRST: 0}, UnknownAgentError, r"expected one of each of .*came those of \['player_0'\]"),
        ({FIRST: 0, SECOND: 2}, IllegalActionError, r"action of player_1: .*Discrete\(2\), came 2"),
        ({FIRST: 0.5, SECOND: 0}, IllegalActionError, "action of player_0: .*came 0.5"),
    ):
        with pytest.raises(error, match=message):
            env.step(actions)
    with pytest.raises(UnknownAgentError, match="came 'player_7'"):
        env.expert("player_7")
    with pytest.raises(ValueError, match=r"options\['state'\]: .*0\.\.99, came 100"):
        env.reset(options={"state": 100})
    with pytest.raises(UnknownNameError, match=r"observation: .*came 'picture'"):
        block_linear_v0.parallel_env(observation="picture")
    with pytest.raises(UnknownNameError, match=r"observation: .*came 'step-and-state'"):
        random_game_v0.parallel_env(observation="step-and-state")
    with pytest.raises(UnknownNameError, match=r"'ansi', 'rgb_array'\), came 'hologram'"):
        block_linear_v0.parallel_env(render_mode="hologram")
    with pytest.raises(TypeError, match="unexpected keyword argument 'latent'"):
        block_linear_v0.parallel_env(latent=3)
    with pytest.raises(UnknownNameError, match=r"features: .*came 'all'"):
        block_linear_v0.parallel_env(features="all")


def test_settings_that_do_not_fit_are_refused():
    game = library.random_game(0)
    odd = Setting(game, make_experts=lambda _: library.chain_experts(library.chain_of_despair(4)))
    with pytest.raises(ShapeError, match="player_0"):
        MarkovGameEnv(odd).expert(FIRST)
    with pytest.raises(ShapeError, match="one for each of 2 players, came 1"):
        MarkovGameEnv(Setting(game, feature_maps=[OneHotFeatures(10, 3)])).feature_map(FIRST)


def test_a_users_game_needs_nothing_more():
    rewards = np.zeros((2, 1, 2, 2))
    game = MarkovGame(np.ones((1, 2, 2, 1)), rewards, 0, horizon=1)
    observations, *_ = play(MarkovGameEnv(game, observation="step-and-state"), (0, 1))
    assert observations[FIRST].tolist() == [1, 0]
