"""Exploration by DQN on novelty rewards: the deep explorer of arXiv 2602.22810, as a composition.

A view of the game, a novelty reward over a feature map, stable-baselines3's DQN on it, and a
callback that renews the novelty when log det Λ has grown by log 2. What it does differently from
the published code: targets range over legal actions and stop at the end of a game; the next state
is the explorer's own next turn; exploration is a softmax over legal actions; Λ never forgets; and
Q(s, a) = novelty of the move itself + network, as in LSVI-UCB, so that what is already known of a
move is not learned again.
"""

import copy
from dataclasses import dataclass
from typing import Any, cast

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.callbacks import BaseCallback

from mail_envs.errors import InvalidOptionError
from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap
from mail_learners.gathering import Explore
from mail_learners.rows import is_plain
from mail_wrappers import (
    FlatObservation,
    NoveltyReward,
    PricedReward,
    SingleAgentEnv,
    Transitions,
)
from mail_wrappers.interop.stable_baselines3 import (
    LateFusionQNetwork,
    MaskedDQNPolicy,
    RepricedReplayBuffer,
)
from mail_wrappers.lockstep import action_count

__all__ = ["ExploreConfig", "NetworkFeatures", "RenewNovelty", "dqn_explore"]


@dataclass(frozen=True)
class ExploreConfig:
    """How the explorer learns.

    Attributes:
        ridge: λ of the novelty; small, so that a first visit is worth far more than a second.
        temperature: of the softmax over values, in units of the novelty of a first visit.
        discount: γ of the explorer's own return.
        gradient_steps: after each game.
        batch_size: transitions per gradient step.
        learning_rate: of Adam.
        widths: hidden layers; the last is the width of the penultimate layer.
        longest_game: the explorer's turns in one game, which bounds the replay buffer.
        reprice: whether stored rewards are priced again when the novelty is renewed.
    """

    ridge: float = 0.01
    temperature: float = 0.02
    discount: float = 0.9
    gradient_steps: int = 20
    batch_size: int = 64
    learning_rate: float = 1e-3
    widths: tuple[int, ...] = (64, 64)
    longest_game: int = 64
    reprice: bool = True


class NetworkFeatures:
    """The penultimate layer of a frozen network as a feature map, scaled to unit length.

    Args:
        network: copied, so that further training does not move the features.
    """

    def __init__(self, network: LateFusionQNetwork) -> None:
        self._network = copy.deepcopy(network).eval()

    @property
    def dimension(self) -> int:
        """The width of the layer."""
        return int(self._network.value.in_features)

    def __call__(self, observations: Observations, actions: NDArray[np.int64]) -> FloatArray:
        """ψ(s, a) / ‖ψ(s, a)‖ of `(B, ...)` and `(B,)`: `(B, d)`."""
        return self.every_action(observations)[np.arange(len(actions)), actions]

    def every_action(self, observations: Observations) -> FloatArray:
        """ψ of all actions, `(B, A, d)`."""
        with torch.no_grad():
            seen = {"observation": torch.from_numpy(np.ascontiguousarray(observations))}
            layer = self._network.penultimate(seen).double().numpy()
        return layer / np.maximum(np.linalg.norm(layer, axis=-1, keepdims=True), 1e-12)


class _Games(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A number of games and no more.

    Vector environments begin a game whenever one ends. After the last that would be one too many:
    an expert who moves first would be asked, and recorded.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], games: int) -> None:
        super().__init__(env)
        self._left = games
        self._first: tuple[Any, dict[str, Any]]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a game; after the last, show its beginning once more and do nothing."""
        if self._left:
            self._left -= 1
            self._first = self.env.reset(seed=seed, options=options)
        return self._first


def _is_shown(space: spaces.Space[Any]) -> bool:
    """Whether observations are an array beside a mask already."""
    return (
        isinstance(space, spaces.Dict)
        and set(space.spaces) == {"observation", "action_mask"}
        and is_plain(space["observation"])
    )


class _Rows(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Observations of any space as a row of numbers beside a mask, all ones where there is none."""

    def __init__(self, env: SingleAgentEnv) -> None:
        super().__init__(FlatObservation(env))
        self._actions = action_count(env.env, env.agent)
        row = cast("spaces.Box", self.env.observation_space)
        seen = spaces.Box(row.low[: -self._actions], row.high[: -self._actions], dtype=np.float32)
        mask = spaces.Box(0, 1, (self._actions,), np.int8)
        self.observation_space = spaces.Dict({"observation": seen, "action_mask": mask})

    def observation(self, observation: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Part the flat vector."""
        seen, mask = np.split(observation, [-self._actions])
        return {"observation": seen, "action_mask": mask.astype(np.int8)}


class RenewNovelty(BaseCallback):
    """Renew a novelty reward when det Λ has doubled, and stop after a number of games.

    Args:
        reward: the wrapper whose source is renewed.
        games: episodes to play.
        from_network: whether the features are the network's own penultimate layer, frozen anew,
            and Λ rebuilt over everything visited, at each renewal.
    """

    def __init__(self, reward: PricedReward, *, games: int, from_network: bool) -> None:
        super().__init__()
        self._reward = reward
        self._games = games
        self._from_network = from_network
        self._seen = 0
        self._pending = _novelty(reward)
        self.played: int = 0
        self.renewals: int = 0

    def _on_step(self) -> bool:
        self.played += int(self.locals["dones"].sum())
        return self.played < self._games

    def _on_rollout_end(self) -> None:
        buffer = self.model.replay_buffer  # pyright: ignore[reportAttributeAccessIssue]
        news: Transitions = buffer.transitions(self._seen)
        self._seen += len(news.actions)
        self._pending = self._pending.visited(news.observations, news.actions)
        if self._pending.doubled(_novelty(self._reward)):
            if self._from_network:
                self._pending = self._refrozen(buffer.transitions())
            self._reward.renew(self._pending)
            self.renewals += 1

    def _refrozen(self, visited: Transitions) -> NoveltyReward:
        """Novelty over the network as it is now, of everything visited."""
        old = self._pending
        features = NetworkFeatures(self.model.policy.q_net)  # pyright: ignore[reportArgumentType]
        fresh = NoveltyReward.over(features, ridge=old.moment.ridge, reprice=old.reprice)
        return fresh.visited(visited.observations, visited.actions)


def dqn_explore(
    features: FeatureMap | OneHotFeatureMap | None, config: ExploreConfig | None = None
) -> Explore:
    """Explore by DQN on novelty over `features`.

    Args:
        features: a feature map of the explorer's state-action pairs; None for the penultimate
            layer of its own network.
        config: see `ExploreConfig`; None for its defaults.

    The explorer it returns raises `InvalidOptionError` where `longest_game` was too small to end
    every game.
    """
    settings = config or ExploreConfig()

    def explore(view: SingleAgentEnv, *, games: int, seed: int) -> None:
        actions = action_count(view.env, view.agent)
        shown = view if _is_shown(view.observation_space) else _Rows(view)
        start = features or _Untrained(settings.widths[-1])
        novelty = NoveltyReward.over(start, ridge=settings.ridge, reprice=settings.reprice)
        reward = PricedReward(_Games(shown, games), novelty)
        renew = RenewNovelty(reward, games=games, from_network=features is None)
        model = _dqn(reward, actions, games, seed, settings)
        model.learn(total_timesteps=games * settings.longest_game, callback=renew)
        if renew.played < games:
            raise InvalidOptionError(
                f"longest_game: expected at least the explorer's turns in one game, came "
                f"{settings.longest_game}, within which {renew.played} of {games} games ended"
            )

    return explore


def _dqn(reward: PricedReward, actions: int, games: int, seed: int, settings: ExploreConfig) -> DQN:
    """An ordinary DQN, trained after every game, its target network renewed at every step."""

    def price(transitions: Transitions) -> FloatArray:
        return _novelty(reward).price(transitions)

    def bonus(observations: Observations) -> FloatArray:
        return _novelty(reward).price_actions(observations, actions)

    return DQN(
        MaskedDQNPolicy,
        reward,
        learning_rate=settings.learning_rate,
        buffer_size=games * settings.longest_game,
        learning_starts=0,
        batch_size=settings.batch_size,
        tau=1.0,
        target_update_interval=1,
        gamma=settings.discount,
        train_freq=(1, "episode"),
        gradient_steps=settings.gradient_steps,
        exploration_initial_eps=0.0,
        exploration_final_eps=0.0,
        replay_buffer_class=RepricedReplayBuffer,
        replay_buffer_kwargs={"price": price if settings.reprice else None},
        policy_kwargs={
            "net_arch": list(settings.widths),
            "temperature": settings.temperature,
            "bonus": bonus,
        },
        seed=seed,
        device="cpu",
    )


@dataclass(frozen=True)
class _Untrained:
    """Every action as new as any other: the features before the network exists."""

    dimension: int

    def __call__(self, observations: Observations, actions: NDArray[np.int64]) -> FloatArray:
        phi = np.zeros((len(observations), self.dimension))
        del actions
        phi[:, 0] = 1.0
        return phi


def _novelty(reward: PricedReward) -> NoveltyReward:
    """The novelty that a wrapper pays; `dqn_explore` gives it nothing else."""
    return cast("NoveltyReward", reward.source)
