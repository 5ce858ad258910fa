"""One agent's view of an environment in which all agents move at once."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo import ParallelEnv

from mail_envs import block_linear_v0, grid_game_v0, independent_linear_v0, low_rank_v0
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    MissingTruthError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.markov.evaluation import policy_values, product, start_values
from mail_envs.markov.tabular import policy_tables
from mail_wrappers import SingleAgentEnv
from mail_wrappers.single_agent import make_view


class Auction(ParallelEnv):
    """A foreign game with masks in dictionaries: the highest bid wins, spent bids are illegal."""

    def __init__(self, masks="observation", rounds=3):
        self.metadata = {"name": "auction", "render_modes": []}
        self.possible_agents = ["ann", "bob", "cid"]
        self.masks, self.rounds = masks, rounds
        self._spaces = {agent: spaces.Discrete(3) for agent in self.possible_agents}
        parts = {
            "observation": spaces.Box(0, 9, (1,), np.float32),
            "action_mask": spaces.Box(0, 1, (3,), np.int8),
        }
        whole = spaces.Dict(parts) if masks == "observation" else parts["observation"]
        self._seen = dict.fromkeys(self.possible_agents, whole)

    def observation_space(self, agent):
        return self._seen[agent]

    def action_space(self, agent):
        return self._spaces[agent]

    def _look(self):
        masks = {
            a: np.array([b not in self.spent[a] for b in range(3)], np.int8) for a in self.spent
        }
        view = np.array([self.round], np.float32)
        if self.masks == "observation":
            seen = {a: {"observation": view, "action_mask": masks[a]} for a in self.spent}
            return seen, {a: {} for a in self.spent}
        return dict.fromkeys(self.spent, view), {a: {"action_mask": masks[a]} for a in self.spent}

    def reset(self, seed=None, options=None):
        self.agents, self.round = list(self.possible_agents), 0
        self.spent = {agent: set() for agent in self.agents}
        self.seed = seed
        return self._look()

    def step(self, actions):
        assert set(actions) == set(self.agents)
        for agent, bid in actions.items():
            assert bid not in self.spent[agent]
            self.spent[agent].add(bid)
        best = max(actions.values())
        rewards = {a: float(bid == best) for a, bid in actions.items()}
        self.round += 1
        over = self.round == self.rounds
        seen, infos = self._look()
        if over:
            self.agents = []
        flags = dict.fromkeys(actions, over)
        return seen, rewards, flags, dict.fromkeys(actions, False), infos


def highest(observations, masks):
    return np.eye(3)[2 - masks[:, ::-1].argmax(axis=1)]


@pytest.mark.parametrize("masks", ["observation", "info"])
def test_a_foreign_game_with_masks(masks):
    env = SingleAgentEnv(Auction(masks), "ann", highest)
    _, info = env.reset(seed=3)
    assert info["action_mask"].tolist() == [1, 1, 1]
    _, reward, terminated, truncated, info = env.step(2)
    assert (reward, terminated, truncated) == (1.0, False, False)
    assert env.action_masks().tolist() == [True, True, False]
    env.step(0)  # the others bid 1
    _, reward, terminated, _, info = env.step(1)
    assert (reward, terminated) == (1.0, True)
    assert info["action_mask"].tolist() == [1, 1, 1]  # never an empty mask
    with pytest.raises(EpisodeOverError):
        env.step(0)


def test_illegal_actions_lose_or_raise():
    env = SingleAgentEnv(Auction(), "ann", "random", illegal_reward=-7)
    env.reset(seed=0)
    env.step(1)
    _, reward, terminated, _, info = env.step(1)
    assert (reward, terminated, info["illegal_action"]) == (-7.0, True, True)
    env = SingleAgentEnv(Auction(), "ann", "random", illegal_action="raise")
    env.reset(seed=0)
    env.step(1)
    with pytest.raises(IllegalActionError, match=r"of ann: expected one of \[0, 2\], came 1"):
        env.step(1)
    with pytest.raises(IllegalActionError, match=r"Discrete\(3\), came 3"):
        env.step(3)


def test_a_mapping_says_who_plays_whom():
    def lowest(observations, masks):
        return np.eye(3)[masks.argmax(axis=1)]

    env = SingleAgentEnv(Auction(), "bob", {"ann": lowest, "cid": highest})
    env.reset(seed=0)
    assert env.step(1)[1] == 0.0
    assert env.env.spent == {"ann": {0}, "bob": {1}, "cid": {2}}


def test_the_view_is_worth_what_policy_evaluation_says():
    """With experts that depend on the step, which the default observation does not show."""
    env = gymnasium.make("mail_envs/IndependentLinear-v0", agent="player_1", horizon=2).unwrapped
    game = env.game
    returns = []
    env.reset(seed=0)
    for _ in range(3000):
        env.reset()
        total, over = 0.0, False
        while not over:
            _, reward, over, _, _ = env.step(int(env.np_random.integers(3)))
            total += reward
        returns.append(total)
    policies = [env.expert(agent) for agent in game.agents]
    policies[1] = np.full((game.num_states, 3), 1 / 3)
    exact = start_values(game, policy_values(game, product(policy_tables(game, policies))))[1]
    assert abs(np.mean(returns) - exact) <= 5 * np.std(returns) / np.sqrt(len(returns))


def test_experts_are_asked_about_what_infos_say():
    """The observation is noise; the expert's question is the state beneath it."""
    env = SingleAgentEnv(
        low_rank_v0.parallel_env(observation="rich", reveal_actions=True), "player_0", "expert"
    )
    expert = env.expert("player_1")
    for seed in range(50):
        _, info = env.reset(seed=seed)
        question = info["expert_observation"]
        _, _, _, _, info = env.step(0)
        played = info["joint_action"][1]
        assert expert(question[None], None)[0, played] > 0


def test_an_expert_that_does_not_fit_its_observations_says_so():
    """Handed over as a policy it is asked about observations: they have to tell the step."""
    env = block_linear_v0.parallel_env()
    view = SingleAgentEnv(env, "player_0", env.expert("player_1"))
    view.reset(seed=0)
    with pytest.raises(ShapeError, match="pairs"):
        view.step(0)
    env = block_linear_v0.parallel_env(observation="step-and-state")
    view = SingleAgentEnv(env, "player_0", env.expert("player_1"))
    view.reset(seed=0)
    view.step(0)


def test_the_others_draws_are_independent_of_the_environments():
    """From one stream for both, the draw that led to a state would also choose the move there."""
    beneath = block_linear_v0.parallel_env(states=10, horizon=2, reveal_actions=True)
    env = SingleAgentEnv(beneath, "player_0", "random")
    counts = np.zeros((10, 2))
    for seed in range(2000):
        env.reset(seed=seed)
        state = env.step(0)[0]
        counts[state, env.step(0)[4]["joint_action"][1]] += 1
    visits = counts.sum(axis=1)
    assert (visits > 200).sum() >= 2
    assert (np.abs(counts[:, 0] - visits / 2) <= 5 * np.sqrt(visits / 4)).all()


def test_a_seed_is_an_episode():
    def episode(env, seed):
        seen = [env.reset(seed=seed)[0]]
        over = False
        while not over:
            observation, _, over, cut, _ = env.step(1)
            over = over or cut
            seen.append(observation)
        return seen

    one, other = (gymnasium.make("mail_envs/BlockLinear-v0") for _ in range(2))
    assert episode(one, 3) == episode(other, 3)
    assert episode(one, None) == episode(other, None)
    assert episode(one, 3) != episode(other, 4)


def test_it_forwards_the_truth_and_renders():
    env = make_view("mail_envs.grid_game_v0:parallel_env", agent="player_1", render_mode="ansi")
    env.reset(seed=0)
    assert env.agent == "player_1"
    assert env.render().startswith("step 0:\n. . *")
    assert env.render_mode == "ansi"
    assert env.feature_map("player_0").dimension == 288
    assert env.game.num_states == 72
    env.step(0)
    env.close()


def test_mistakes_are_named():
    with pytest.raises(UnknownAgentError, match=r"agent: .*came 'dan'"):
        SingleAgentEnv(Auction(), "dan")
    with pytest.raises(UnknownAgentError, match=r"missing: \['cid'\]"):
        SingleAgentEnv(Auction(), "ann", {"bob": "random"})
    with pytest.raises(UnknownNameError, match=r"illegal_action: .*came 'ignore'"):
        SingleAgentEnv(Auction(), "ann", illegal_action="ignore")
    with pytest.raises(UnknownNameError, match=r"policy of bob: .*came 'best'"):
        SingleAgentEnv(Auction(), "ann", "best")
    with pytest.raises(MissingTruthError, match="provides game, expert and feature_map"):
        SingleAgentEnv(Auction(), "ann", "expert")
    view = SingleAgentEnv(Auction(), "ann")
    with pytest.raises(EpisodeOverError):
        view.step(0)
    for ask in (lambda: view.game, lambda: view.expert("ann"), lambda: view.feature_map("ann")):
        with pytest.raises(MissingTruthError):
            ask()
    maskless = SingleAgentEnv(grid_game_v0.parallel_env(), "player_0")
    maskless.reset(seed=0)
    with pytest.raises(MissingTruthError, match="provides no action mask"):
        maskless.action_masks()
    odd = independent_linear_v0.parallel_env()
    odd._actions["player_2"] = spaces.Box(0, 1, (2,))
    with pytest.raises(ShapeError, match="action space of player_2: expected Discrete"):
        SingleAgentEnv(odd, "player_0", highest)
