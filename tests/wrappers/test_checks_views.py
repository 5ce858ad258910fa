"""Checks of views, of their returns and of wrappers, each with twins that it must reject."""

from contextlib import suppress

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from mail_envs import grid_game_v0, tictactoe_v0
from mail_envs.errors import EpisodeOverError, IllegalActionError
from mail_wrappers import ExpertLabels, PricedReward, QueryBudget, SingleAgentEnv
from mail_wrappers.checks import ContractError, check_returns, check_view, check_wrapper
from tests.doubles import Script, masks


def rejects(match):
    return pytest.raises(ContractError, match=match)


def tictactoe(**options):
    return SingleAgentEnv(tictactoe_v0.raw_env(), "player_1", **options)


# ---- views


@pytest.mark.parametrize("rule", ["lose", "raise"])
def test_views_of_turns_pass(rule):
    check_view(tictactoe(illegal_action=rule))


def test_views_without_masks_and_with_masks_in_infos_pass():
    check_view(SingleAgentEnv(Script(["a", "b"] * 3), "b"))
    in_infos = Script(["a", "b"] * 3, mask=masks([1, 0, 1]), mask_in="info")
    check_view(SingleAgentEnv(in_infos, "a"))


class Twin(gymnasium.Wrapper):
    """A view of Tic-Tac-Toe whose answers are changed on their way."""

    def __init__(self, change=lambda answer: answer, **methods):
        super().__init__(methods.pop("view", None) or tictactoe())
        self.change = change
        for name, method in methods.items():
            setattr(self, name, method)

    def step(self, action):
        return self.change(self.env.step(action))

    def action_masks(self):
        return self.env.action_masks()


def info_with(**parts):
    return lambda answer: (*answer[:4], {**answer[4], **parts})


def seen_with(**parts):
    return lambda answer: ({**answer[0], **parts}, *answer[1:])


def without_mask(answer):
    return (*answer[:4], {key: value for key, value in answer[4].items() if key != "action_mask"})


class Aliased(Twin):
    """One buffer for all observations."""

    def step(self, action):
        seen, *rest = super().step(action)
        if not hasattr(self, "buffer"):
            self.buffer = seen
        for key, value in seen.items():
            self.buffer[key][...] = value
        return self.buffer, *rest


class Unseeded(Twin):
    def reset(self, *, seed=None, options=None):
        return self.env.reset(options=options)


class Forgetful(Twin):
    """An episode without a seed is anybody's guess."""

    def reset(self, *, seed=None, options=None):
        fresh = int(np.random.default_rng().integers(2**31))
        return self.env.reset(seed=fresh if seed is None else seed)


class Scribbled(Twin):
    """What was handed out is written to."""

    def step(self, action):
        if hasattr(self, "last"):
            self.last["observation"][...] = 1
        seen, *rest = super().step(action)
        self.last = seen
        return seen, *rest


class Endless(Twin):
    """Answers on after the end."""

    def step(self, action):
        with suppress(EpisodeOverError):
            self.last = super().step(action)
        return self.last


class Tolerant(Twin):
    """An illegal action is repaired in silence."""

    def step(self, action):
        legal = self.env.action_masks()
        return super().step(action if legal[action] else int(legal.argmax()))


class Rude(Twin):
    """An illegal action meets a foreign error."""

    def step(self, action):
        if not self.env.action_masks()[action]:
            raise KeyError(action)
        return super().step(action)


class Careless(Twin):
    """It refuses an illegal action after another move."""

    def step(self, action):
        legal = self.env.action_masks()
        if not legal[action]:
            super().step(int(legal.argmax()))
            raise IllegalActionError(action)
        return super().step(action)


class Spaceless(Twin):
    observation_space = None


class Renewed(Twin):
    action_space = property(lambda self: spaces.Discrete(9))


def lower(answer):
    """The mask as it was, at the end."""
    mask = np.zeros(9, np.int8)
    return seen_with(action_mask=mask)(info_with(action_mask=mask)(answer)) if answer[2] else answer


VIEWS = [
    (Spaceless, "observation_space: expected a Gymnasium space"),
    (Renewed, "action_space: expected the same object"),
    (lambda: Twin(lambda answer: (0, *answer[1:])), "step 0, observation: expected a member"),
    (lambda: Twin(lambda answer: (answer[0], np.nan, *answer[2:])), "a finite number"),
    (lambda: Twin(lambda answer: (*answer[:2], 1, *answer[3:])), "a truth value, came int 1"),
    (lambda: Twin(lambda answer: (*answer[:4], [])), "info: expected a dictionary"),
    (lambda: Twin(lambda answer: answer[:4]), "a legal action to be accepted, came ValueError"),
    (lambda: Twin(without_mask), "info: expected an action_mask"),
    (lambda: Twin(info_with(action_mask=np.ones(9, np.int8))), "the mask of the observation"),
    (lambda: Twin(action_masks=lambda: np.ones(9, bool)), r"action_masks\(\): expected \["),
    (lambda: Twin(action_masks=None), r"action_masks\(\): expected the action mask, came Type"),
    (lambda: Twin(lower, action_masks=lambda: np.zeros(9)), r"action_masks\(\): expected"),
    (Aliased, "a fresh observation, came arrays of the one before"),
    (Scribbled, "the observation before it left as it was"),
    (Unseeded, "seed 0 played again, step"),
    (Forgetful, "seed 0 played again, the next episode, step"),
    (Endless, "a step after the end: expected an error"),
    (Tolerant, "illegal action .: expected an IllegalActionError or the end, came an episode"),
    (Rude, "expected an IllegalActionError or the end, came KeyError"),
    (Careless, "the same turn after its refusal"),
    (lambda: Twin(info_with(illegal_action=False)), r"info\['illegal_action'\] = True"),
]


@pytest.mark.parametrize(("make", "match"), VIEWS)
def test_broken_views_are_rejected(make, match):
    with rejects(match):
        check_view(make())


class Emptied(Twin):
    """All masks are empty at the end."""

    def step(self, action):
        answer = super().step(action)
        self.over = answer[2]
        return lower(answer)

    def action_masks(self):
        return np.zeros(9, bool) if getattr(self, "over", False) else self.env.action_masks()


class Half(Emptied):
    def step(self, action):
        seen, reward, over, cut, info = Twin.step(self, action)
        self.over = over
        mask = seen["action_mask"] & (np.arange(9) != 4 if over else 1)
        mask = mask.astype(np.int8)
        return {**seen, "action_mask": mask}, reward, over, cut, {**info, "action_mask": mask}

    def action_masks(self):
        return self.env.action_masks() & (np.arange(9) != 4 if getattr(self, "over", 0) else True)


@pytest.mark.parametrize(("kind", "match"), [(Emptied, "an empty mask"), (Half, "a mask of ones")])
def test_masks_at_the_end_are_full(kind, match):
    with rejects(match):
        check_view(kind())


# ---- returns

TURNS = [*"abcab"]
PAYS = [{"a": 1.0, "b": 9.0}, {"b": 2.0}, {"a": 4.0, "b": 0.1}, {"b": 0.2}, {"a": -3.0}]


def test_returns_are_what_was_paid():
    accounts = check_returns(SingleAgentEnv, Script(TURNS, PAYS), "a", episodes=7)
    assert (accounts.episodes, accounts.steps) == (7, 14)
    assert accounts.largest_deviation < 1e-12
    parallel = check_returns(SingleAgentEnv, grid_game_v0.parallel_env(), "player_0", episodes=3)
    assert parallel.episodes == 3


def test_what_is_paid_before_the_first_turn_counts():
    assert check_returns(SingleAgentEnv, Script(TURNS, PAYS), "b", episodes=1).steps == 2

    def make(env, agent, others):
        view = SingleAgentEnv(env, agent, others)
        view.unwrapped.reset()  # an episode that is not looked at
        return view

    assert check_returns(make, Script(TURNS, PAYS), "b", episodes=1).episodes == 1


@pytest.mark.parametrize("seat", ["alternate", "draw"])
def test_a_view_that_changes_seats_is_accounted_for_seat_by_seat(seat):
    accounts = check_returns(SingleAgentEnv, tictactoe_v0.raw_env(), seat, episodes=20)
    assert accounts.episodes == 20


def test_accounting_ends_when_told():
    endless = Script(["a", "b"] * 500, [{"b": 1.0}] * 1000)
    assert check_returns(SingleAgentEnv, endless, "a", episodes=2, most_steps=9).steps == 18
    assert check_returns(SingleAgentEnv, endless, "a", episodes=5, seconds=0).episodes == 0


class Confused(gymnasium.Wrapper):
    """What was cut off is said to be over."""

    def step(self, action):
        seen, reward, over, cut, info = self.env.step(action)
        return seen, reward, over or cut, False, info


class Stingy(gymnasium.Wrapper):
    """The last reward gets lost."""

    def step(self, action):
        seen, reward, over, cut, info = self.env.step(action)
        return seen, 0.0 if over or cut else reward, over, cut, info


class Rounded(gymnasium.Wrapper):
    """Off by less than any eye sees."""

    def step(self, action):
        seen, reward, *rest = self.env.step(action)
        return seen, reward + 1e-8, *rest


@pytest.mark.parametrize("wrong", [Stingy, Rounded])
def test_wrong_returns_are_rejected(wrong):
    def make(env, agent, others):
        return wrong(SingleAgentEnv(env, agent, others))

    with rejects("seed 3: expected a return of 2.0, what was paid, came"):
        check_returns(make, Script(TURNS, PAYS), "a", episodes=2, seed=3)


def test_wrong_ends_are_rejected():
    def make(env, agent, others):
        return Confused(SingleAgentEnv(env, agent, others))

    with rejects(r"the end \(False, True\), came \(True, False\)"):
        check_returns(make, Script(TURNS, PAYS), "a", episodes=1)


# ---- wrappers


class Fixed:
    """A reward source that pays one."""

    reprice = False

    def price(self, transitions):
        return np.ones(len(transitions.actions))


def labels(view):
    return ExpertLabels(view, tictactoe_v0.raw_env().expert("player_1"), QueryBudget())


def test_wrappers_that_keep_the_contract():
    check_wrapper(labels, tictactoe)
    check_wrapper(lambda view: PricedReward(view, Fixed()), tictactoe, changes=["reward"])


class Flat(gymnasium.ObservationWrapper):
    """Forgets the mask."""

    def __init__(self, view):
        super().__init__(view)
        self.observation_space = view.observation_space["observation"]

    def observation(self, observation):
        return observation["observation"]


class Hasty(gymnasium.Wrapper):
    """Cuts an episode after its first step, and refuses to go on as the view does."""

    cut = True

    def reset(self, **options):
        self.cut = False
        return self.env.reset(**options)

    def step(self, action):
        if self.cut:
            raise EpisodeOverError("step: the episode is over")
        seen, reward, over, _, info = self.env.step(action)
        self.cut = True
        mask = np.ones(9, np.int8)
        seen = {**seen, "action_mask": mask}
        return seen, reward, over, True, {**info, "action_mask": mask.copy()}

    def action_masks(self):
        return np.ones(9, bool) if self.cut else self.env.action_masks()


class Painted(gymnasium.ObservationWrapper):
    def observation(self, observation):
        return {**observation, "observation": 1 - observation["observation"]}


class Dearer(gymnasium.RewardWrapper):
    def reward(self, reward):
        return reward + 1


WRAPPERS = [
    (Dearer, (), r"step 0, reward: expected 0.0, as beneath, came 1.0"),
    (Painted, (), "(?s)observation: expected .* as beneath"),
    (Flat, (), "observation space of the wrapper"),
    (Hasty, (), r"ends: expected \(False, False\), as beneath"),
    (lambda view: Twin(without_mask, view=view), (), "an action_mask"),
]


@pytest.mark.parametrize(("make", "changes", "match"), WRAPPERS)
def test_broken_wrappers_are_rejected(make, changes, match):
    with rejects(match):
        check_wrapper(make, tictactoe, changes=changes)


def test_announced_changes_are_none():
    check_wrapper(Dearer, tictactoe, changes=["reward"])
    check_wrapper(Painted, tictactoe, changes=["observation"])
    check_wrapper(Flat, tictactoe, changes=["observation"])
    check_wrapper(Hasty, tictactoe, changes=["end"])
