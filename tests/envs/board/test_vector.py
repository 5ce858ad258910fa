"""The native batch: a batch of single views, step by step; its own promises; its refusals."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from mail_envs import PerfectExpert, connect_four_v0, tictactoe_v0
from mail_envs.board import ConnectFour, LineGame, State, TicTacToe
from mail_envs.board.lockstep import random_actions
from mail_envs.board.vector import LineGameVectorEnv
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    InvalidPolicyError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.protocols import ProvidesTruth
from mail_envs.protocols.asking import uniform_policy

FOUR, TOE = "mail_envs/ConnectFour-v0", "mail_envs/TicTacToe-v0"
SMALL = {"rows": 3, "columns": 4, "in_a_row": 3}
MODES = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)
AGENTS = ("player_0", "player_1")


def highest(observations, masks):
    """Play the highest legal action."""
    return np.eye(masks.shape[1])[masks.shape[1] - 1 - np.argmax(masks[:, ::-1], axis=1)]


def native(name=FOUR, num_envs=4, **options):
    options = {"opponent": "random", **options}
    return gymnasium.make_vec(
        name, num_envs=num_envs, vectorization_mode="vector_entry_point", **options
    )


def check_same(ours, theirs, where):
    """Arrays, and dictionaries of them; objects one by one."""
    if isinstance(theirs, dict):
        said = {"agent", "_agent"}  # which a batch says once, as `env.agent`
        assert ours.keys() == theirs.keys() - said, where
        for key in ours:
            check_same(ours[key], theirs[key], f"{where}.{key}")
    elif theirs is None:
        assert ours is None, where
    elif theirs.dtype == object:
        assert ours.dtype == object
        for row, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            check_same(one, other, f"{where}[{row}]")
    else:
        np.testing.assert_array_equal(ours, theirs, err_msg=where)
        assert ours.dtype == theirs.dtype, where


# ---- against a batch of single views


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(
    ("name", "opponent", "sizes"),
    [
        (TOE, "expert", {}),
        (TOE, highest, {}),
        (FOUR, "expert", SMALL),
        (FOUR, highest, {}),
        (FOUR, highest, {**SMALL, "gravity": False}),
    ],
    ids=["toe expert", "toe", "four expert", "four", "four without gravity"],
)
def test_it_is_a_batch_of_single_views(name, opponent, sizes, agent, mode):
    """Fixed opponents, so that streams do not matter; a fifth of the actions is illegal."""
    options = {"agent": agent, "opponent": opponent, **sizes}
    ours = native(name, 5, autoreset_mode=mode, **options)
    kwargs = {"autoreset_mode": mode}
    theirs = gymnasium.make_vec(
        name, num_envs=5, vectorization_mode="sync", vector_kwargs=kwargs, **options
    )
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.single_action_space == theirs.single_action_space
    frames = ["ansi", "rgb_array"]  # one window shows one board
    assert ours.metadata == {**theirs.metadata, "render_modes": frames}
    rng, seen, ends, offences = np.random.default_rng(0), ours.reset(seed=0), 0, 0
    check_same(dict(enumerate(seen)), dict(enumerate(theirs.reset(seed=0))), "reset")
    for step in range(80):
        actions = random_actions(seen[0]["action_mask"], rng=rng)
        wild = rng.random(5) < 1 / 5
        actions[wild] = np.argmin(seen[0]["action_mask"], axis=1)[wild]
        seen, expected = ours.step(actions), theirs.step(actions)
        check_same(dict(enumerate(seen)), dict(enumerate(expected)), f"step {step}")
        assert seen[0] in ours.observation_space
        ends += seen[2].sum()
        final = seen[4].get("final_info", seen[4])
        offences += final.get("illegal_action", np.zeros(5)).sum()
    assert ends > 10
    assert offences > 0
    np.testing.assert_array_equal(ours.action_masks(), seen[0]["action_mask"])


# ---- against the rules


def state_rows(env):
    return [State(int(m), int(o)) for m, o in zip(*env.states_of_play, strict=True)]


@pytest.mark.parametrize("agent", AGENTS)
def test_every_transition_is_one_of_the_rules(agent):
    """With the random opponent: after our move one of its legal replies, and its pay."""
    env = native(FOUR, 40, agent=agent)
    game, rng, sign = env.game, np.random.default_rng(1), 1 - 2 * AGENTS.index(agent)
    observations, _ = env.reset(seed=3)
    over, replies = np.zeros(40, dtype=bool), set()
    for _ in range(60):
        before, actions = state_rows(env), random_actions(observations["action_mask"], rng=rng)
        observations, rewards, terminated, truncated, _ = env.step(actions)
        for row, state in enumerate(state_rows(env)):
            begins = game.initial_state()
            moved = begins if over[row] else game.step(before[row], actions[row])
            answered = not over[row] or agent == "player_1"
            if game.outcome(moved) is None and answered:
                children = {game.step(moved, a): a for a in game.legal_actions(moved)}
                replies.add(children[state])
            else:
                assert state == moved
            outcome = game.outcome(state)
            assert terminated[row] == (outcome is not None)
            assert rewards[row] == sign * (outcome or 0)
            seen = game.observation(state)
            mine = game.player_to_move(state) == AGENTS.index(agent)
            np.testing.assert_array_equal(
                observations["observation"][row], seen if mine else seen[..., ::-1]
            )
            mask = game.action_mask(state) if outcome is None else np.ones(7)
            np.testing.assert_array_equal(observations["action_mask"][row], mask)
        assert not truncated.any()
        over = terminated
    assert replies == set(range(7))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("agent", AGENTS)
def test_the_compiled_random_opponent_is_the_uniform_policy(agent, mode):
    """The same draws, the same moves: one is compiled, the other asked and checked."""
    options = {"agent": agent, "autoreset_mode": mode}
    asked = native(FOUR, 64, opponent={AGENTS[1 - AGENTS.index(agent)]: uniform_policy}, **options)
    compiled, rng = native(FOUR, 64, **options), np.random.default_rng(2)
    seen = compiled.reset(seed=5)
    check_same(dict(enumerate(seen)), dict(enumerate(asked.reset(seed=5))), "reset")
    for step in range(50):
        actions = random_actions(seen[0]["action_mask"], rng=rng)
        seen = compiled.step(actions)
        check_same(dict(enumerate(seen)), dict(enumerate(asked.step(actions))), f"step {step}")


def test_a_policy_sees_the_board_from_its_own_side():
    asked = []

    def policy(observations, masks):
        asked.append((observations.copy(), masks.copy()))
        return uniform_policy(observations, masks)

    env = native(TOE, 1, opponent=policy)
    env.reset(seed=0)
    env.step(np.array([4]))
    ((observations, masks),) = asked
    np.testing.assert_array_equal(observations[0], TicTacToe().observation(TicTacToe().play([4])))
    assert masks.tolist() == [[1, 1, 1, 1, 0, 1, 1, 1, 1]]


def test_the_default_opponent_plays_connect_four_perfectly():
    """Who moves first wins, so nobody beats it as player_1; it wins every game."""
    env = gymnasium.make_vec("mail_envs/ConnectFour-v0", num_envs=20, agent="player_1")
    observations, _ = env.reset(seed=0)
    rng, results = np.random.default_rng(0), np.zeros(20)
    while not results.all():
        actions = random_actions(observations["action_mask"], rng=rng)
        observations, rewards, terminated, _, _ = env.step(actions)
        results[terminated] = rewards[terminated]
        assert (rewards[terminated] == -1).all()


def test_the_expert_never_loses():
    env = native(TOE, 200, opponent="expert")
    observations, _ = env.reset(seed=0)
    rng, results = np.random.default_rng(0), []
    for _ in range(30):
        observations, rewards, terminated, _, _ = env.step(
            random_actions(observations["action_mask"], rng=rng)
        )
        results += rewards[terminated].tolist()
    assert len(results) > 500
    assert max(results) == 0


# ---- promises


@pytest.mark.parametrize("agent", AGENTS)
def test_the_same_seed_the_same_games_and_another_seed_others(agent):
    def play(seed):
        env, rng = native(FOUR, 16, agent=agent), np.random.default_rng(0)
        observations, _ = env.reset(seed=seed)
        seen = [observations["observation"]]
        for _ in range(30):
            observations, *_ = env.step(random_actions(observations["action_mask"], rng=rng))
            seen.append(observations["observation"])
        return np.concatenate(seen).tobytes()

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_resetting_without_a_seed_goes_on_in_the_stream():
    env = native(FOUR, 16, agent="player_1")
    first, again, other = (env.reset(seed=seed)[0]["observation"] for seed in (7, 7, None))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("mode", MODES)
def test_what_was_returned_stays_as_it_was(mode):
    env = native(TOE, 3, autoreset_mode=mode)
    rng, kept = np.random.default_rng(0), []
    observations, infos = env.reset(seed=0)
    for _ in range(12):
        arrays = [*observations.values(), infos["action_mask"], infos["_action_mask"]]
        kept.append((arrays, [array.copy() for array in arrays]))
        observations, rewards, terminated, truncated, infos = env.step(
            random_actions(observations["action_mask"], rng=rng)
        )
        arrays = [rewards, terminated, truncated]
        kept.append((arrays, [array.copy() for array in arrays]))
        env.step(random_actions(observations["action_mask"], rng=rng))
        observations, infos = env.reset()
    for arrays, copies in kept:
        for array, copied in zip(arrays, copies, strict=True):
            np.testing.assert_array_equal(array, copied)


def test_users_may_write_into_what_they_got():
    env = native(TOE, 2, opponent=highest)
    observations, infos = env.reset(seed=0)
    for array in (*observations.values(), infos["action_mask"]):
        array[:] = 0
    observations, _, terminated, _, _ = env.step(np.array([0, 0]))
    assert observations["observation"][0, 0, 0].tolist() == [1, 0]
    terminated[:] = True
    observations, *_ = env.step(np.array([1, 1]))
    assert observations["observation"][0].sum() == 4


def test_the_modes_are_named_as_enum_or_word():
    assert native(TOE).metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    for mode in MODES:
        assert native(TOE, autoreset_mode=mode.value).metadata["autoreset_mode"] is mode


@pytest.mark.parametrize("mode", MODES)
def test_gymnasiums_statistics_count_its_episodes(mode):
    env = RecordEpisodeStatistics(native(TOE, 8, autoreset_mode=mode))
    observations, _ = env.reset(seed=0)
    rng = np.random.default_rng(0)
    for _ in range(40):
        observations, *_ = env.step(random_actions(observations["action_mask"], rng=rng))
    assert set(env.return_queue) <= {-1.0, 0.0, 1.0}
    assert {3, 4, 5} <= set(env.length_queue)


def test_it_tells_the_truth_about_its_game():
    env = native(FOUR, agent="player_1", **SMALL)
    assert isinstance(env.unwrapped, ProvidesTruth)
    assert env.game == LineGame(3, 4, 3, gravity=True)
    assert env.agent == "player_1"
    assert isinstance(env.expert("player_0"), PerfectExpert)
    assert env.feature_map("player_0").dimension == 3**12
    assert native(FOUR).game == ConnectFour()
    with pytest.raises(UnknownAgentError):
        env.expert("player_2")


def test_boards_can_be_looked_at():
    text = native(TOE, 2, opponent=highest, render_mode="ansi")
    text.reset(seed=0)
    text.step(np.array([0, 4]))
    assert text.render() == (
        " X | . | . \n---+---+---\n . | . | . \n---+---+---\n . | . | O \n",
        " . | . | . \n---+---+---\n . | X | . \n---+---+---\n . | . | O \n",
    )
    drawn = native(FOUR, 3, render_mode="rgb_array")
    drawn.reset(seed=0)
    assert [frame.shape for frame in drawn.render()] == [(384, 448, 3)] * 3
    blind = native(TOE, 2)
    blind.reset(seed=0)
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert blind.render() is None


# ---- illegal actions


def test_an_illegal_action_loses():
    env = native(TOE, 2, opponent=highest)
    env.reset(seed=0)
    env.step(np.array([0, 0]))
    seen = env.step(np.array([0, 1]))
    assert seen[1].tolist() == [-1, 0]
    assert seen[2].tolist() == [True, False]
    assert (
        seen[4]["illegal_action"].tolist() == seen[4]["_illegal_action"].tolist() == [True, False]
    )
    assert seen[0]["action_mask"][0].tolist() == [1] * 9
    assert seen[0]["observation"][0].sum() == 2
    seen = env.step(np.array([99, 2]))  # whatever is said to a board that begins anew
    assert seen[2].tolist() == [False, True]
    assert "illegal_action" not in seen[4]


def test_the_price_of_an_illegal_action_is_an_option():
    env = LineGameVectorEnv(tictactoe_v0.raw_env(), 1, opponent=highest, illegal_reward=-5)
    env.reset(seed=0)
    env.step(np.array([0]))
    assert env.step(np.array([0]))[1].tolist() == [-5]


def test_an_illegal_action_raises_if_asked_to_and_no_board_moves():
    env = native(TOE, 2, opponent=highest, illegal_action="raise")
    env.reset(seed=0)
    env.step(np.array([0, 0]))
    before = state_rows(env)
    message = r"player_0: expected one of \[1, 2, 3, 4, 5, 6, 7\], came 8 on board 1"
    with pytest.raises(IllegalActionError, match=message):
        env.step(np.array([1, 8]))
    assert state_rows(env) == before


@pytest.mark.parametrize(("action", "shown"), [(9, "9"), (-1, "-1"), (2**63, str(2**63))])
def test_actions_outside_the_space_raise(action, shown):
    env = native(TOE, 2)
    env.reset(seed=0)
    message = rf"player_0: expected one of Discrete\(9\), came {shown} on board 1"
    with pytest.raises(IllegalActionError, match=message):
        env.step(np.array([0, action], dtype=np.uint64 if action > 9 else np.int64))


@pytest.mark.parametrize("actions", [[0], [[0], [1]], [0.0, 1.0], 0, [True, False], ["0", "1"]])
def test_actions_of_another_shape_or_kind_are_refused(actions):
    env = native(TOE, 2)
    env.reset(seed=0)
    with pytest.raises(ShapeError, match=r"actions: expected integers of shape \(2,\), came"):
        env.step(actions)


@pytest.mark.parametrize("actions", [[0, 8], (0, 8), np.array([0, 8], np.uint8)])
def test_integers_of_every_kind_are_actions(actions):
    env = native(TOE, 2, opponent=highest)
    env.reset(seed=0)
    assert not env.step(actions)[2].any()


# ---- refusals


def test_steps_before_reset_raise():
    with pytest.raises(EpisodeOverError, match="no episode has begun"):
        native(TOE, 2).step(np.array([0, 0]))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"agent": "x"}, UnknownAgentError, r"expected one of \['player_0', 'player_1'\], came"),
        ({"opponent": "best"}, UnknownNameError, "the policy of player_1: expected 'random'"),
        ({"opponent": 3}, UnknownNameError, "the policy of player_1: .* came 3"),
        ({"opponent": {"player_0": "random"}}, UnknownAgentError, r"for \['player_1'\], came"),
        ({"opponent": {}}, UnknownAgentError, r"for \['player_1'\], came \[\]"),
        ({"opponent": {"player_1": "best"}}, UnknownNameError, "came 'best'"),
        ({"illegal_action": "pass"}, UnknownNameError, "expected 'lose' or 'raise', came 'pass'"),
        ({"autoreset_mode": "Disabled"}, UnknownNameError, "autoreset_mode: expected one of"),
        ({"autoreset_mode": AutoresetMode.DISABLED}, UnknownNameError, "autoreset_mode"),
        ({"render_mode": "human"}, UnknownNameError, "render_mode"),
        ({"num_envs": 0}, InvalidOptionError, "num_envs: expected at least 1, came 0"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        native(TOE, **options)


@pytest.mark.parametrize("sizes", [{"in_a_row": 1}, {"rows": 1, "columns": 1, "in_a_row": 1}])
def test_a_seat_that_never_moves_is_refused(sizes):
    with pytest.raises(InvalidOptionError, match="expected a seat that moves in"):
        native(FOUR, agent="player_1", **sizes)
    env = native(FOUR, agent="player_0", **sizes)
    env.reset(seed=0)
    assert env.step(np.zeros(4, dtype=int))[1].tolist() == [1] * 4


def test_boards_are_not_reset_one_by_one():
    env = native(TOE, 2)
    with pytest.raises(InvalidOptionError, match="no reset_mask"):
        env.reset(options={"reset_mask": np.array([True, False])})
    env.reset(options={"else": 1})


def test_a_policys_answer_is_checked():
    env = native(TOE, 2, opponent=lambda observations, masks: np.ones(masks.shape))
    env.reset(seed=0)
    with pytest.raises(InvalidPolicyError, match="the policy of player_1"):
        env.step(np.array([0, 1]))


def test_any_board_serves():
    board = connect_four_v0.raw_env(rows=7, columns=8, gravity=False)
    env = LineGameVectorEnv(board, 3, opponent="random")
    assert env.single_action_space.n == 56
