"""MAIL-BRO and MURMAIL: one loop, updates by hand, and gaps that fall."""

import numpy as np
import pytest

from mail_envs import solve
from mail_envs.errors import InvalidModelError, InvalidOptionError, ShapeError, UnknownNameError
from mail_envs.markov.library import independent_linear, lower_bound, lower_bound_experts
from mail_learners.markov import MirrorOptions, MurmailOptions, mail_bro, murmail
from mail_learners.markov.mirror import Lead, descend
from tests.strategies import random_game

INNER = ("oracle", "known-dynamics", "ucbvi")


def discounted(seed=5):
    rng = np.random.default_rng(seed)
    return random_game(rng, states=6, actions=(3, 3), horizon=None, discount=0.8)


def finite(seed=5):
    rng = np.random.default_rng(seed)
    return random_game(rng, states=4, actions=(2, 3), horizon=3, steps=3)


LEARNERS = [
    ("bro", mail_bro, lambda mirror: mirror),
    *(
        (inner, murmail, lambda mirror, inner=inner: MurmailOptions(inner=inner, mirror=mirror))
        for inner in INNER
    ),
]


def run(learn, make, game, experts, iterations, seed=0, **options):
    mirror = MirrorOptions(**options)
    rng = np.random.default_rng(seed)
    return learn(game, experts, iterations=iterations, rng=rng, options=make(mirror))


def test_an_update_by_hand():
    game = discounted()
    experts = [np.eye(3)[[1] * 6], np.eye(3)[[2] * 6]]

    def lead(clones, player, *, count, rng):
        states = np.array([4, 4, 0])
        return Lead(np.zeros(3, dtype=int), states, queries=10)

    options = MirrorOptions(step_size=0.5)
    rng = np.random.default_rng(0)
    two = descend(game, experts, lead, iterations=2, rng=rng, options=options)
    uniform = np.full(3, 1 / 3)
    twice, once = (np.exp(-0.5 * k * (uniform - np.eye(3)[1])) for k in (2, 1))
    last = two.last_policies[0]
    assert last[4] == pytest.approx(twice / twice.sum())
    assert last[0] == pytest.approx(once / once.sum())
    assert last[1] == pytest.approx(uniform)
    assert two.policies[0] == pytest.approx((last + 1 / 3) / 2)  # the mean of both iterates
    assert two.queries == 2 * 2 * (10 + 3)


def test_the_step_size_shrinks_with_what_was_drawn():
    game = discounted()
    experts = [np.eye(3)[[1] * 6], np.eye(3)[[2] * 6]]

    def lead(clones, player, *, count, rng):
        return Lead(np.zeros(count, dtype=int), np.full(count, 3))

    options = MirrorOptions(batch=2)
    rng = np.random.default_rng(0)
    three = descend(game, experts, lead, iterations=3, rng=rng, options=options)
    logits = np.zeros(3)
    for k in (1, 2):
        clone = np.exp(logits) / np.exp(logits).sum()
        logits -= np.sqrt(6 * np.log(3) / (2 * k)) * 2 * (clone - np.eye(3)[1])
    expected = np.exp(logits) / np.exp(logits).sum()
    assert three.last_policies[0][3] == pytest.approx(expected)


@pytest.mark.parametrize(("name", "learn", "make"), LEARNERS)
@pytest.mark.parametrize("kind", [discounted, finite])
def test_gaps_fall(name, learn, make, kind):
    game = kind()
    experts = solve(game).policies
    found = run(learn, make, game, experts, 400, evaluate_every=5)
    history = found.history
    assert history[0].gap == pytest.approx(history[0].mean_gap)
    assert history[-1].mean_gap < history[len(history) // 4].mean_gap < history[0].mean_gap
    assert history[-1].mean_gap < 0.4 * history[0].gap
    assert history[-1].average_gap < 0.25 * history[0].gap
    assert history[-1].queries == found.queries
    for policy, expert in zip(found.policies, experts, strict=True):
        assert policy.shape == expert.shape
        assert policy.sum(axis=-1) == pytest.approx(np.ones(policy.shape[:-1]))


@pytest.mark.parametrize(("name", "learn", "make"), LEARNERS)
def test_interaction_learns_what_the_experts_do_not_show(name, learn, make):
    game = lower_bound(actions=3, good_action=1)
    experts = lower_bound_experts(game, mixing=0.0)  # concentrability is infinite
    found = run(learn, make, game, experts, 500)
    assert found.history[0].gap > 5
    assert found.history[-1].gap < 0.4
    assert found.last_policies[0][2, 1] > 0.9


@pytest.mark.parametrize(("name", "learn", "make"), LEARNERS)
def test_a_shorter_run_is_the_beginning_of_a_longer_one(name, learn, make):
    game = discounted()
    experts = solve(game).policies
    long, short, again = (
        run(learn, make, game, experts, k, evaluate_every=4, batch=3) for k in (13, 9, 9)
    )
    assert long.history[:3] == short.history == again.history
    for a, b in zip(short.policies, again.policies, strict=True):
        assert a.tobytes() == b.tobytes()
    other = run(learn, make, game, experts, 9, seed=1, evaluate_every=4, batch=3)
    assert other.history[-1] != short.history[-1]


@pytest.mark.parametrize(
    ("inner", "queries"),
    [("oracle", 0), ("known-dynamics", 2 * 3 * 6), ("ucbvi", 2 * 4 * 5)],
)
def test_every_question_is_counted(inner, queries):
    game = discounted()
    options = MurmailOptions(inner=inner, pairs=3, games=4, mirror=MirrorOptions(batch=7))
    rng = np.random.default_rng(0)
    found = murmail(game, solve(game).policies, iterations=2, rng=rng, options=options)
    assert found.queries == 2 * 2 * (7 + queries)  # iterations, players


def test_evaluations_stand_where_they_were_asked_for():
    game = discounted()
    rng = np.random.default_rng(0)
    options = MirrorOptions(evaluate_every=4)
    found = mail_bro(game, solve(game).policies, iterations=10, rng=rng, options=options)
    assert [record.iteration for record in found.history] == [1, 5, 9, 10]
    gaps = [record.gap for record in found.history]
    assert found.history[2].mean_gap == pytest.approx(np.mean(gaps[:3]))


def test_results_can_not_be_written():
    game = discounted()
    found = mail_bro(game, solve(game).policies, iterations=1, rng=np.random.default_rng(0))
    for table in (*found.policies, *found.last_policies):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 1


def test_what_can_not_be_learned_is_refused():
    rng = np.random.default_rng(0)
    three = independent_linear(0)
    assert three.num_players == 3
    for learn in (mail_bro, murmail):
        with pytest.raises(InvalidModelError, match="a two-player game, came 3 players"):
            learn(three, solve(three).policies, iterations=1, rng=rng)
        with pytest.raises(InvalidOptionError, match="iterations: expected an integer"):
            learn(discounted(), solve(discounted()).policies, iterations=0, rng=rng)
        with pytest.raises(ShapeError, match="player_1"):
            learn(discounted(), [np.full((6, 3), 1 / 3), np.eye(3)], iterations=1, rng=rng)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda: MirrorOptions(step_size=0), "step_size: expected a positive"),
        (lambda: MirrorOptions(batch=0), "batch: expected an integer"),
        (lambda: MirrorOptions(evaluate_every=0), "evaluate_every"),
        (lambda: MurmailOptions(pairs=0), "pairs"),
        (lambda: MurmailOptions(games=0), "games"),
        (lambda: MurmailOptions(bonus_scale=-1), "bonus_scale"),
    ],
)
def test_options_outside_their_ranges_are_refused(options, message):
    with pytest.raises(InvalidOptionError, match=message):
        options()


def test_an_unknown_inner_solver_is_refused():
    with pytest.raises(UnknownNameError, match=r"inner: expected one of .* came 'dqn'"):
        MurmailOptions(inner="dqn")
