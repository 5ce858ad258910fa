"""Board games as PettingZoo AEC environments: thin shells over the rules."""

from typing import Any

import numpy as np
from gymnasium import logger, spaces
from gymnasium.utils import EzPickle
from numpy.typing import NDArray
from pettingzoo import AECEnv

from mail_envs.board.features import feature_map
from mail_envs.board.rendering import board_text, picture
from mail_envs.board.rules import LineGame, State
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.experts import PerfectExpert
from mail_envs.guarding import GuardedEnv
from mail_envs.protocols import FeatureMap, OneHotFeatureMap
from mail_envs.window import Window

__all__ = ["FRAMES", "RENDER_MODES", "LineGameEnv", "wrapped"]

FRAMES = ("ansi", "rgb_array")
"""The render modes whose frames `render` returns."""

RENDER_MODES = ("human", *FRAMES)
"""The render modes that an environment may be made with."""

Observation = dict[str, NDArray[np.int8]]


class LineGameEnv(AECEnv[str, Any, Any], EzPickle):
    """A k-in-a-row game between `player_0`, who moves first, and `player_1`.

    Observation of an agent, a dictionary: `observation` `(rows, columns, 2)` int8, its own marks
    first, row 0 on top; `action_mask` `(A,)` int8, all zeros when it is not its turn. Reward: +1 to
    who wins, -1 to who loses, 0 for a draw, when the game ends.

    Illegal actions raise; `wrapped` gives PettingZoo's convention instead, by which the offender
    loses. `game`, `expert` and `feature_map` tell the truth about the game.

    Args:
        game: the rules.
        render_mode: None; `"human"`, a window that follows the game; `"ansi"` or `"rgb_array"`.
        name: the environment's name, as in its registration.

    Raises:
        UnknownNameError: another render mode.
        MissingPackageError: `"human"` without pygame, which the `render` extra installs.
    """

    def __init__(
        self, game: LineGame, *, render_mode: str | None = None, name: str = "line_game_v0"
    ) -> None:
        super().__init__()
        EzPickle.__init__(self, game, render_mode=render_mode, name=name)
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UnknownNameError(
                f"render_mode: expected None or one of {RENDER_MODES}, came {render_mode!r}"
            )
        self.metadata: dict[str, Any] = {
            "name": name,
            "render_modes": list(RENDER_MODES),
            "is_parallelizable": False,
            "render_fps": 2,
        }
        self.render_mode = render_mode
        self._window = Window() if render_mode == "human" else None
        self._game = game
        self.possible_agents: list[str] = list(game.agents)
        self.agents = []
        self.action_spaces: dict[str, spaces.Space[Any]] = {
            a: spaces.Discrete(game.actions) for a in game.agents
        }
        space = _observation_space(game)
        self.observation_spaces: dict[str, spaces.Space[Any]] = dict.fromkeys(game.agents, space)
        self._players = {agent: player for player, agent in enumerate(game.agents)}
        shape = (game.rows, game.columns, 2)
        self._views = [np.zeros(shape, dtype=np.int8) for _ in game.agents]
        self._entries = [view.reshape(-1).data for view in self._views]
        self._legal = np.ones(game.actions, dtype=np.int8)  # for whose turn it is
        self._nothing = np.zeros(game.actions, dtype=np.int8)  # for the other
        self._begin()

    # ---- the truth

    @property
    def game(self) -> LineGame:
        """The immutable rules."""
        return self._game

    @property
    def state_of_play(self) -> State:
        """The current position."""
        return self._state

    def expert(self, agent: str) -> PerfectExpert:
        """The perfect expert that plays for `agent`: exact distance, first of equals."""
        self._player(agent)
        return PerfectExpert(self._game)

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The default feature map of `agent`'s state-action pairs; see `board.features`."""
        self._player(agent)
        return feature_map(self._game)

    # ---- PettingZoo

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The space of `agent`'s observations."""
        self._player(agent)
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """The space of `agent`'s actions."""
        self._player(agent)
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Clear the board. The game has no chance in it: the seed changes nothing."""
        del seed, options
        self._begin()
        self.agents: list[str] = list(self._game.agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations: dict[str, bool] = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {agent: {} for agent in self.agents}
        self.agent_selection = self.agents[0]
        if self._window is not None:
            self.render()

    def observe(self, agent: str) -> Observation:
        """What `agent` sees now."""
        player = self._player(agent)
        legal = self._legal if player == self._turn else self._nothing
        return {"observation": self._views[player].copy(), "action_mask": legal.copy()}

    def step(self, action: int | None) -> None:
        """Play `action` for `agent_selection`; None removes an agent whose game is over.

        Raises:
            EpisodeOverError: before `reset`, or once every agent has been removed.
            IllegalActionError: an action that the rules do not allow here.
            ValueError: an action other than None after the end (PettingZoo's own check).
        """
        if not self.agents:
            raise EpisodeOverError("step: the episode is over or has not begun; call reset()")
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        if action is None:
            raise IllegalActionError(f"step: expected an action of {agent}, came None")
        game, before, player = self._game, self._state, self._turn
        self._state = state = game.place(before, action)
        self._turn = 1 - player
        self._show(player, mark=state.other ^ before.mover)
        outcome = game.outcome(state)
        if outcome is not None:
            self._finish(float(outcome))
        self.agent_selection: str = self.possible_agents[1 - player]
        if self._window is not None:
            self.render()

    def render(self) -> str | NDArray[np.uint8] | None:
        """The board as text (`"ansi"`) or as an RGB array, row 0 on top, the last mark made out.

        With `"human"` the window shows it, as after every move, and there is None to return.

        Raises:
            MissingDisplayError: `"human"` where no window can be opened.
        """
        if self.render_mode is None:
            logger.warn("render() was called without a render_mode; pass one when making it.")
            return None
        if self.render_mode == "ansi":
            return board_text(self._game, self._state, self._last) + "\n"
        drawn = picture(self._game, self._state, self._last)
        if self._window is None:
            return drawn
        self._window.watch(drawn, self._title(), self.metadata["render_fps"])
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()

    def _title(self) -> str:
        """What stands above the window."""
        outcome = self._game.outcome(self._state)
        if outcome is None:
            return f"{self.metadata['name']}: {self._game.agents[self._turn]} to move"
        if outcome == 0:
            return f"{self.metadata['name']}: drawn"
        return f"{self.metadata['name']}: {self._game.agents[0 if outcome > 0 else 1]} has won"

    def _begin(self) -> None:
        """Clear the board, and what is seen of it: kept mark by mark, as nothing else changes."""
        self._state = self._game.initial_state()
        self._last: int | None = None  # the cell of the last mark
        self._turn = 0
        self._legal.fill(1)
        for view in self._views:
            view.fill(0)

    def _show(self, player: int, mark: int) -> None:
        """Enter a mark of `player`, a bitboard, in what both players see."""
        self._last = cell = self._game.bit_cells[mark.bit_length() - 1]
        self._entries[player][2 * cell] = 1
        self._entries[1 - player][2 * cell + 1] = 1
        if cell < len(self._legal):  # an action's entry cell has the action's own number
            self._legal[cell] = 0

    def _finish(self, outcome: float) -> None:
        """End the game and pay for it: nobody has been paid before."""
        first, second = self._game.agents
        self.rewards: dict[str, float] = {first: outcome, second: 0.0 - outcome}
        self._cumulative_rewards = dict(self.rewards)
        self.terminations: dict[str, bool] = dict.fromkeys(self.agents, True)
        self._legal.fill(0)

    def _player(self, agent: str) -> int:
        try:
            return self._players[agent]
        except KeyError:
            raise UnknownAgentError(
                f"agent: expected one of {self._game.agents}, came {agent!r}"
            ) from None


def wrapped(env: LineGameEnv) -> GuardedEnv:
    """Put PettingZoo's conventions around an environment: illegal moves lose, order is kept."""
    return GuardedEnv(env, illegal_reward=-1.0)


def _observation_space(game: LineGame) -> spaces.Dict:
    shape = (game.rows, game.columns, 2)
    return spaces.Dict(
        {
            "observation": spaces.Box(low=0, high=1, shape=shape, dtype=np.int8),
            "action_mask": spaces.Box(low=0, high=1, shape=(game.actions,), dtype=np.int8),
        }
    )
