"""One agent's view of many boards at once: a Gymnasium `VectorEnv` over compiled rules.

It plays as a batch of `gymnasium.make`'s single views does, and says so in the same words: the
observation is the agent's, its mask is all ones once a game is over, the reward comes at the
agent's next turn or at the end, an illegal action loses or raises. What differs is the random
stream: all boards draw from one generator, a number a board each time the opponent may have to
move, so that what a board draws depends on its place and the number of steps alone.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal

import numpy as np
from gymnasium import logger, spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mail_envs.board import kernels
from mail_envs.board.batch import States
from mail_envs.board.environments import FRAMES, LineGameEnv
from mail_envs.board.lockstep import Boards
from mail_envs.board.rendering import board_text, picture
from mail_envs.board.rules import LineGame, State
from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    ShapeError,
    UnknownAgentError,
    UnknownNameError,
)
from mail_envs.experts import PerfectExpert
from mail_envs.protocols import FeatureMap, OneHotFeatureMap, Policy
from mail_envs.protocols.asking import ask, invert

__all__ = ["LineGameVectorEnv", "make_vector_view"]

OURS, THEIRS = 0, 1  # the sides of `lockstep.Boards`

Flags = NDArray[np.bool_]
Actions = NDArray[np.int64]
Seen = dict[str, NDArray[np.int8]]
Infos = dict[str, Any]
Opponent = Policy | str | Mapping[str, Policy | str]


class LineGameVectorEnv(VectorEnv[Seen, NDArray[Any], NDArray[Any]]):
    """B boards of one game seen by one agent, the other player a policy inside.

    An observation is a dictionary: `observation` `(B, rows, columns, 2)` int8, the agent's marks
    first, row 0 on top; `action_mask` `(B, A)` int8, all ones where a game is over. `infos` hold
    `action_mask`, and `illegal_action` where one was played. Rewards `(B,)`: +1 for a win, −1 for a
    loss. Arrays are fresh at every step, but the mask in `infos` is the observation's own.

    Args:
        env: a board's PettingZoo environment, for the game and all that is true of it.
        num_envs: the number B of boards.
        agent: whose view.
        opponent: who plays the other seat: `"random"` uniform over legal actions (compiled, the
            fastest), `"expert"` the environment's own expert, a batched policy, or a mapping from
            the other agent to one of these.
        illegal_action: `"lose"`: an action outside the mask ends the game with `illegal_reward`;
            `"raise"`: it raises, and no board moves.
        illegal_reward: the reward of an illegal action under `"lose"`.
        autoreset_mode: `AutoresetMode.NEXT_STEP`: the step after the end begins the next game,
            whatever the action; `SAME_STEP`: the step that ends a game begins the next, and
            `infos["final_obs"]` and `infos["final_info"]` hold what was seen at the end.

    Raises:
        UnknownAgentError: an agent that the game does not have.
        UnknownNameError: another word than those above.
        InvalidOptionError: no board, or a seat whose turn never comes.
    """

    def __init__(
        self,
        env: LineGameEnv,
        num_envs: int,
        *,
        agent: str = "player_0",
        opponent: Opponent = "expert",
        illegal_action: Literal["lose", "raise"] = "lose",
        illegal_reward: float = -1.0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        super().__init__()
        game = env.game
        _check(env, num_envs, agent, illegal_action)
        self._truth = env
        self._agent = agent
        self._seat = game.agents.index(agent)
        self._rival = game.agents[1 - self._seat]
        self._policy = _policy(env, self._rival, opponent)
        self._illegal_action = illegal_action
        self._illegal_reward = float(illegal_reward)
        self._same_step = _mode(autoreset_mode) is AutoresetMode.SAME_STEP
        self.num_envs: int = int(num_envs)
        self.render_mode: str | None = env.render_mode
        self.metadata: dict[str, Any] = {
            "render_modes": list(FRAMES),
            "render_fps": env.metadata["render_fps"],
            "autoreset_mode": _mode(autoreset_mode),
        }
        self.single_observation_space: spaces.Space[Any] = env.observation_space(agent)
        self.single_action_space: spaces.Space[Any] = env.action_space(agent)
        self.observation_space: spaces.Space[Any] = batch_space(
            self.single_observation_space, self.num_envs
        )
        self.action_space: spaces.Space[Any] = batch_space(self.single_action_space, self.num_envs)
        self._boards = Boards(game, self.num_envs)
        self._row_starts = np.arange(self.num_envs) * game.actions  # in the masks, laid flat
        self._all = np.ones(self.num_envs, dtype=np.bool_)
        self._over: Flags | None = None  # boards that the next step begins anew; None before reset

    # ---- the truth

    @property
    def agent(self) -> str:
        """The agent whose view this is."""
        return self._agent

    @property
    def game(self) -> LineGame:
        """The immutable rules."""
        return self._truth.game

    @property
    def states_of_play(self) -> States:
        """The current positions, `(B,)`."""
        return self._boards.states(first=self._seat)

    def expert(self, agent: str) -> PerfectExpert:
        """The perfect expert that plays for `agent`."""
        return self._truth.expert(agent)

    def feature_map(self, agent: str) -> FeatureMap | OneHotFeatureMap:
        """The default feature map of `agent`'s state-action pairs."""
        return self._truth.feature_map(agent)

    # ---- Gymnasium

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Seen, Infos]:
        """Begin a game on every board, and play up to the agent's first turn.

        Raises:
            InvalidOptionError: `reset_mask`, as games begin of themselves.
        """
        super().reset(seed=seed)
        if options is not None and "reset_mask" in options:
            raise InvalidOptionError(
                f"reset: expected no reset_mask with {self.metadata['autoreset_mode']}, came one"
            )
        self._begin(self._all)
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        return self._look()

    def step(self, actions: NDArray[Any]) -> tuple[Seen, NDArray[np.float64], Flags, Flags, Infos]:
        """Play `actions` `(B,)`, then the opponent up to the agent's next turn or the end.

        Raises:
            EpisodeOverError: a step before `reset`.
            ShapeError: actions that are no `(B,)` integers.
            IllegalActionError: an action outside the action space, or outside the mask under
                `illegal_action="raise"`; the first such board is named.
        """
        if self._over is None:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        boards, anew = self._boards, self._over
        chosen = self._in_space(actions, anew)
        illegal = self._illegal(chosen)
        boards.clear(anew)
        won = boards.place(OURS, ~(anew | illegal), chosen)
        replies = (won == kernels.GOES_ON) & ~illegal
        lost = self._reply(replies if self._seat == 1 else replies & ~anew)
        ended = illegal | (won != kernels.GOES_ON) | (lost != kernels.GOES_ON)
        rewards = np.subtract(won == kernels.WON, lost == kernels.WON, dtype=np.float64)
        rewards[illegal] = self._illegal_reward
        boards.close(illegal)
        final = (
            self._renew(ended, illegal) if self._same_step else _marked("illegal_action", illegal)
        )
        if not self._same_step:
            self._over = ended.copy()
        observations, infos = self._look()
        truncations = np.zeros(self.num_envs, dtype=np.bool_)
        return observations, rewards, ended, truncations, {**final, **infos}

    def action_masks(self) -> Flags:
        """The legal actions, `(B, A)` bool; all True where a game is over."""
        return self._boards.legal.astype(np.bool_)

    def render(self) -> tuple[Any, ...] | None:
        """Every board as text (`"ansi"`) or as an RGB array, row 0 on top."""
        if self.render_mode is None:
            logger.warn("render() was called without a render_mode; pass one when making it.")
            return None
        pairs = zip(*(side.tolist() for side in self.states_of_play), strict=True)
        states = [State(mover, other) for mover, other in pairs]
        if self.render_mode == "ansi":
            return tuple(board_text(self.game, state) + "\n" for state in states)
        return tuple(picture(self.game, state) for state in states)

    # ---- turns

    def _begin(self, turn: Flags) -> None:
        self._boards.clear(turn)
        if self._seat == 1:
            self._reply(turn)

    def _reply(self, turn: Flags) -> NDArray[np.int8]:
        """Let the opponent move on the boards in `turn`; what it makes of them, as `place`."""
        draws = self.np_random.random(self.num_envs)
        if self._policy is None:
            return self._boards.place(THEIRS, turn, self._boards.choose(draws))
        rows = np.flatnonzero(turn)
        actions = np.zeros(self.num_envs, dtype=np.int64)
        if len(rows):
            seen, masks = self._boards.seen_by_them(rows), self._boards.legal[rows]
            table = ask(self._policy, seen, masks, who=f"the policy of {self._rival}")
            actions[rows] = invert(table, draws[rows])
        return self._boards.place(THEIRS, turn, actions)

    def _look(self) -> tuple[Seen, Infos]:
        masks = self._boards.legal.copy()
        observations = {"observation": self._boards.seen_by_us(), "action_mask": masks}
        return observations, {"action_mask": masks, "_action_mask": self._all.copy()}

    def _renew(self, ended: Flags, illegal: Flags) -> Infos:
        """Keep what is seen at the end of games in Gymnasium's form, and begin the next ones."""
        rows = np.flatnonzero(ended)
        last = zip(self._boards.seen_by_us(rows), self._boards.legal[rows], strict=True)
        final_obs = np.full(self.num_envs, None, dtype=object)
        final_obs[rows] = [{"observation": seen, "action_mask": mask} for seen, mask in last]
        final_info = {
            "action_mask": ended[:, None] * np.ones(self.game.actions, dtype=np.int8),
            "_action_mask": ended.copy(),
            **_marked("illegal_action", illegal),
        }
        self._begin(ended)
        if not len(rows):
            return {}
        return {
            "final_obs": final_obs,
            "_final_obs": ended.copy(),
            "final_info": final_info,
            "_final_info": ended.copy(),
        }

    # ---- actions

    def _in_space(self, actions: NDArray[Any], ignored: Flags) -> Actions:
        """The actions as int64, 0 where they are ignored."""
        given = np.asarray(actions)
        if given.shape != (self.num_envs,) or given.dtype.kind not in "iu":
            raise ShapeError(
                f"actions: expected integers of shape ({self.num_envs},), came {given.dtype} of "
                f"shape {given.shape}"
            )
        chosen = np.where(ignored, 0, given.astype(np.int64, copy=False))
        outside = chosen.view(np.uint64) >= self.game.actions  # negative ones turn into huge ones
        if outside.any():
            board = int(np.argmax(outside))
            raise IllegalActionError(
                f"action of {self._agent}: expected one of {self.single_action_space}, came "
                f"{given[board]} on board {board}"
            )
        return chosen

    def _illegal(self, chosen: Actions) -> Flags:
        """Which actions are outside the mask, unless such actions raise."""
        illegal = self._boards.legal.take(self._row_starts + chosen) == 0
        if self._illegal_action == "raise" and illegal.any():
            board = int(np.argmax(illegal))
            raise IllegalActionError(
                f"action of {self._agent}: expected one of "
                f"{np.flatnonzero(self._boards.legal[board]).tolist()}, came {chosen[board]} on "
                f"board {board}"
            )
        return illegal


def make_vector_view(
    num_envs: int,
    *,
    env: str,
    agent: str,
    opponent: Opponent = "expert",
    illegal_action: Literal["lose", "raise"] = "lose",
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **kwargs: Any,  # noqa: ANN401 - whatever the door takes
) -> LineGameVectorEnv:
    """Make the vector view of a board named by its door: Gymnasium's vector entry point.

    Args:
        num_envs: the number of boards.
        env: `"module:function"`, the function making a `LineGameEnv` from `kwargs`.
        agent: whose view.
        opponent: as in `LineGameVectorEnv`, as are the rest.
        illegal_action: likewise.
        autoreset_mode: likewise.
        kwargs: for the function: sizes of the board, `render_mode`.
    """
    module, _, function = env.partition(":")
    return LineGameVectorEnv(
        getattr(import_module(module), function)(**kwargs),
        num_envs,
        agent=agent,
        opponent=opponent,
        illegal_action=illegal_action,
        autoreset_mode=autoreset_mode,
    )


def _marked(name: str, where: Flags) -> Infos:
    """An info that only some boards have, in Gymnasium's form; nothing where none has it."""
    return {name: where, f"_{name}": where.copy()} if where.any() else {}


def _check(env: LineGameEnv, num_envs: int, agent: str, illegal_action: str) -> None:
    game = env.game
    if num_envs < 1:
        raise InvalidOptionError(f"num_envs: expected at least 1, came {num_envs!r}")
    if agent not in game.agents:
        raise UnknownAgentError(f"agent: expected one of {list(game.agents)}, came {agent!r}")
    if illegal_action not in {"lose", "raise"}:
        raise UnknownNameError(
            f"illegal_action: expected 'lose' or 'raise', came {illegal_action!r}"
        )
    if env.render_mode not in {None, *FRAMES}:
        raise UnknownNameError(
            f"render_mode: expected None or one of {FRAMES} of many boards, came "
            f"{env.render_mode!r}"
        )
    if agent == game.agents[1] and 1 in {game.cells, game.in_a_row}:
        raise InvalidOptionError(f"agent: expected a seat that moves in {game}, came {agent!r}")


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    offered = (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP)
    for known in offered:
        if mode in {known, known.value}:
            return known
    raise UnknownNameError(f"autoreset_mode: expected one of {offered}, came {mode!r}")


def _policy(env: LineGameEnv, rival: str, opponent: Opponent) -> Policy | None:
    """The policy of the other seat; None for the compiled random one."""
    if isinstance(opponent, Mapping):
        if list(opponent) != [rival]:
            raise UnknownAgentError(
                f"opponent: expected a policy for {[rival]}, came {list(opponent)}"
            )
        return _policy(env, rival, opponent[rival])
    if isinstance(opponent, str) and opponent == "random":
        return None
    if isinstance(opponent, str) and opponent == "expert":
        return env.expert(rival)
    if isinstance(opponent, str) or not callable(opponent):
        raise UnknownNameError(
            f"the policy of {rival}: expected 'random', 'expert' or a callable, came {opponent!r}"
        )
    return opponent
