"""Best responses, Nash gap and loss probability on boards: against recursion, and their laws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail_envs import PerfectExpert, best_response, loss_probability, nash_gap
from mail_envs.board import LineGame, TicTacToe
from mail_envs.board import best_response as module
from mail_envs.protocols.asking import uniform_policy
from tests.boards import TablePolicy, all_states, line_games, random_rows, slow_value

TIGHT = {"rel": 0, "abs": 1e-12}


def random_pair(game, seed, support=0.6):
    """Two random stochastic policies, as tables and as callables."""
    rng, states = np.random.default_rng(seed), all_states(game)
    rows = [random_rows(game, states, rng, support) for _ in game.agents]
    return rows, [TablePolicy(game, table) for table in rows]


def won(returns):
    return float(returns > 0)


def check_against_recursion(game, seed, support=0.6):
    rows, policies = random_pair(game, seed, support)
    gap, value = nash_gap(game, policies), slow_value(game, rows)
    assert gap.values == pytest.approx([value, -value], **TIGHT)
    best = [slow_value(game, rows, responder) for responder in range(2)]
    assert [response.value for response in gap.best_responses] == pytest.approx(best, **TIGHT)
    assert gap.per_player == pytest.approx([best[0] - value, best[1] + value], **TIGHT)
    assert gap.total == pytest.approx(sum(best), **TIGHT)
    assert gap.maximum == gap.per_player.max()
    for player in range(2):
        expected = slow_value(game, rows, 1 - player, won)
        assert loss_probability(game, policies, player) == pytest.approx(expected, **TIGHT)
    for response in gap.best_responses:
        deviated = list(policies)
        deviated[response.player] = response.policy
        attained = nash_gap(game, deviated)
        assert attained.values[response.player] == pytest.approx(response.value, **TIGHT)
        assert attained.per_player[response.player] == pytest.approx(0, **TIGHT)


@pytest.mark.parametrize("game", [TicTacToe(), LineGame(3, 4, 3, gravity=True)], ids=str)
@pytest.mark.parametrize("support", [0.6, 1.0])
def test_random_policies_against_recursion(game, support):
    check_against_recursion(game, 7, support)


@given(line_games(3, 3).filter(lambda game: game.cells < 8), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_random_policies_of_small_games_against_recursion(game, seed):
    check_against_recursion(game, seed)


def test_a_best_response_played_out_by_recursion_attains_its_value():
    game = TicTacToe()
    rows, policies = random_pair(game, 3)
    states = [state for state in all_states(game) if game.outcome(state) is None]
    observations = np.array([game.observation(state) for state in states])
    for response in nash_gap(game, policies).best_responses:
        played = dict(zip(states, response.policy(observations), strict=True))
        pair = [played if i == response.player else rows[i] for i in range(2)]
        value = slow_value(game, pair) * (-1 if response.player else 1)
        assert value == pytest.approx(response.value, **TIGHT)


# ---- known numbers


def test_both_uniform():
    # OpenSpiel: exploitability.nash_conv of tic_tac_toe's uniform policy, and its
    # TabularBestResponseMDP: 1.9196593915343914, best responses 0.99479 and 0.92487.
    gap = nash_gap(TicTacToe(), [uniform_policy, uniform_policy])
    assert gap.total == pytest.approx(1.9196593915343914, **TIGHT)
    responses = [response.value for response in gap.best_responses]
    assert responses == pytest.approx([191 / 192, 874 / 945], **TIGHT)
    assert gap.maximum == pytest.approx(874 / 945 + gap.values[0], **TIGHT)


@pytest.mark.parametrize(
    "options",
    [{}, {"ties": "uniform"}, {"prefer": "outcome"}, {"prefer": "outcome", "ties": "uniform"}],
)
def test_perfect_players_leave_nothing_to_gain(options):
    expert = PerfectExpert(TicTacToe(), **options)
    gap = nash_gap(TicTacToe(), [expert, expert])
    assert gap.per_player.tolist() == [0, 0]
    assert gap.values.tolist() == [0, 0]
    assert [loss_probability(TicTacToe(), [expert, expert], p) for p in range(2)] == [0, 0]


def test_a_winning_expert_wins():
    game = LineGame(3, 4, 3, gravity=True)
    expert = PerfectExpert(game)
    winner = 0 if expert.scores(game.initial_state()).max() > 0 else 1
    gap = nash_gap(game, [expert, expert])
    assert gap.values[winner] == 1
    assert gap.total == 0
    assert loss_probability(game, [expert, expert], 1 - winner) == 1


def test_one_random_move_in_ten_can_be_beaten_sometimes():
    noisy = PerfectExpert(TicTacToe(), noise=0.1)
    losses = [loss_probability(TicTacToe(), [noisy, noisy], player) for player in range(2)]
    assert 0 < losses[0] < losses[1] < 0.5


@pytest.mark.parametrize("game", [LineGame(1, 1, 1, False), LineGame(3, 3, 1, gravity=False)])
def test_who_never_moves_has_nothing_to_gain(game):
    gap = nash_gap(game, [uniform_policy, uniform_policy])
    assert (gap.values.tolist(), gap.per_player.tolist()) == ([1, -1], [0, 0])
    assert loss_probability(game, [uniform_policy, uniform_policy], "player_1") == 1


# ---- how policies are asked


def test_policies_by_name_and_in_order_are_the_same():
    game = TicTacToe()
    expert = PerfectExpert(game, temperature=2.0)
    ordered = nash_gap(game, [expert, uniform_policy])
    named = nash_gap(game, {"player_1": uniform_policy, "player_0": expert})
    np.testing.assert_array_equal(ordered.per_player, named.per_player)
    by_name = best_response(game, {"player_0": expert, "player_1": uniform_policy}, "player_1")
    assert by_name.value == best_response(game, (expert, uniform_policy), np.int64(1)).value
    assert by_name.player == 1


def test_only_the_others_are_asked():
    game = TicTacToe()
    assert best_response(game, [None, uniform_policy], 0).value == pytest.approx(191 / 192)
    alone = loss_probability(game, {"player_0": uniform_policy, "player_1": None}, "player_0")
    best = best_response(game, [uniform_policy, None], 1, lambda r: (r > 0).astype(float))
    assert alone == best.value


def test_policies_are_asked_once_where_play_can_arrive_and_nowhere_else():
    game = TicTacToe()
    rows, policies = random_pair(game, 11, support=0.3)
    nash_gap(game, policies)
    for player, policy in enumerate(policies):
        reachable, waiting = set(), [game.initial_state()]
        while waiting:
            state = waiting.pop()
            actions = game.legal_actions(state)
            if game.player_to_move(state) == player and actions:
                reachable.add(game.observation(state).tobytes())
                actions = np.flatnonzero(rows[player][state]).tolist()
            waiting += [game.step(state, action) for action in actions]
        assert len(policy.asked) == len(set(policy.asked))
        assert set(policy.asked) == reachable


def test_chunks_change_nothing(monkeypatch):
    game, pair = TicTacToe(), [PerfectExpert(TicTacToe(), noise=0.2), uniform_policy]
    whole = nash_gap(game, pair)
    monkeypatch.setattr(module, "CHUNK", 7)
    np.testing.assert_array_equal(nash_gap(game, pair).per_player, whole.per_player)


def test_another_utility_is_what_is_maximised():
    game = TicTacToe()
    rows, policies = random_pair(game, 5)

    def drawn(returns):
        return (np.asarray(returns) == 0).astype(float)

    response = best_response(game, policies, 0, drawn)
    assert response.value == pytest.approx(
        slow_value(game, rows, 0, lambda r: float(r == 0)), **TIGHT
    )
    assert best_response(game, policies, 0, lambda r: 3 * r + 1).value == pytest.approx(
        3 * best_response(game, policies, 0).value + 1, **TIGHT
    )


# ---- what is returned


def test_results_are_immutable():
    gap = nash_gap(TicTacToe(), [uniform_policy, uniform_policy])
    with pytest.raises(AttributeError):
        gap.values = None
    with pytest.raises(ValueError, match="read-only"):
        gap.per_player[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        gap.best_responses[0].policy.probabilities[0] = 0
    assert gap == gap  # noqa: PLR0124 - by identity, not by arrays
    assert gap != nash_gap(TicTacToe(), [uniform_policy, uniform_policy])


def test_a_best_response_is_deterministic_and_uniform_where_nobody_plays():
    game = TicTacToe()
    policy = nash_gap(game, [uniform_policy, uniform_policy]).best_responses[0].policy
    own, others = game.initial_state(), game.play([4])
    for state, kinds in ((own, {0.0, 1.0}), (others, {0.0, 1 / 8})):
        mask = game.action_mask(state)[None]
        row = policy(game.observation(state)[None], mask)[0]
        assert set(row.tolist()) == kinds
        np.testing.assert_array_equal(row, policy(game.observation(state)[None])[0])
        assert row.sum() == 1
