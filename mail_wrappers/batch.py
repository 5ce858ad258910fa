"""Many views in one process, whose other players are asked in batches.

Row i plays as a single `SingleAgentEnv` of the same seed does, draw for draw: what rows share is
the asking alone. All rows whose next mover has the same policy put their questions in one call.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from mail_envs.errors import (
    EpisodeOverError,
    IllegalActionError,
    InvalidOptionError,
    ShapeError,
)
from mail_wrappers.options import check_callable, check_mapping, check_whole
from mail_wrappers.others import Known, MultiAgentEnv, Others
from mail_wrappers.players import Asked
from mail_wrappers.readable import METHODS, read
from mail_wrappers.seats import (
    IllegalAction,
    Rules,
    Seat,
    settled_together,
)
from mail_wrappers.streams import row_seeds
from mail_wrappers.told import Step, actions_of, batched

__all__ = ["MakeEnv", "SingleAgentVectorEnv"]

MakeEnv: TypeAlias = Callable[[], MultiAgentEnv]
"""Makes one multi-agent environment."""
Flags: TypeAlias = NDArray[np.bool_]


class SingleAgentVectorEnv(VectorEnv[Any, Any, Any]):
    """A batch of views, each of an environment of its own.

    Observations, actions and infos are batched as Gymnasium's `SyncVectorEnv` batches them; arrays
    are fresh at every step. `action_masks()` are `(B, A)`. `infos["agent"]` `(B,)` names the agent
    of each row's running episode, and `infos["_agent"]` is all True; where an episode ends and the
    next begins in one step, `infos["final_info"]["agent"]` names that of the ended one.

    `get_attr` and `call` read what each row's view says of itself. Nothing is set through the
    batch: whoever changes an environment beneath finds it in `envs`.

    Args:
        make_env: makes a PettingZoo environment, called once a row; or one maker for each row. The
            environments of one maker are taken to be alike: the first one's `"expert"` plays in
            all of them.
        num_envs: the number B of rows; None for as many as there are makers.
        agent: whose views, as in `SingleAgentEnv`.
        others: who plays the rest, as in `SingleAgentEnv`.
        illegal_action: as in `SingleAgentEnv`; under `"raise"` no row moves.
        illegal_reward: as in `SingleAgentEnv`.
        autoreset_mode: `AutoresetMode.NEXT_STEP`: the step after an end begins the next episode,
            whatever the action; `SAME_STEP`: the step of the end does, and `infos["final_obs"]`
            and `infos["final_info"]` hold what was seen at the end.

    Raises:
        InvalidOptionError: no rows, another number of makers than of rows, or another mode.
        ShapeError: rows of different spaces.
    """

    def __init__(
        self,
        make_env: MakeEnv | Sequence[MakeEnv],
        num_envs: int | None,
        agent: str,
        others: Others = "random",
        *,
        illegal_action: IllegalAction = "lose",
        illegal_reward: float = -1.0,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        super().__init__()
        makers = _makers(make_env, num_envs)
        mode = autoreset_of(autoreset_mode)
        rules = Rules(illegal_action, illegal_reward)
        self._seats = _seats(makers, agent, others, rules)
        self._same_step = mode is AutoresetMode.SAME_STEP
        self._streams: list[np.random.Generator | None] = [None] * len(makers)
        self._over: Flags | None = None  # rows that the next step begins anew; None before reset
        self.num_envs: int = len(makers)
        first = self._seats[0]
        self.single_observation_space: spaces.Space[Any] = first.observation_space
        self.single_action_space: spaces.Space[Any] = first.action_space
        self.observation_space: spaces.Space[Any] = batch_space(
            first.observation_space, self.num_envs
        )
        self.action_space: spaces.Space[Any] = batch_space(first.action_space, self.num_envs)
        self.render_mode: str | None = getattr(first.env, "render_mode", None)
        known = getattr(first.env, "metadata", {})
        self.metadata: dict[str, Any] = {
            "render_modes": list(known.get("render_modes", [])),
            "render_fps": known.get("render_fps", 1),
            "autoreset_mode": mode,
        }

    @property
    def envs(self) -> tuple[MultiAgentEnv, ...]:
        """The multi-agent environments beneath, one a row."""
        return tuple(seat.env for seat in self._seats)

    @property
    def agents(self) -> tuple[str, ...]:
        """The agent of each row's running episode."""
        return tuple(seat.agent for seat in self._seats)

    # ---- the views of the rows

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """What each row's `SingleAgentEnv` would have by that name; methods are given uncalled.

        Args:
            name: `action_space`, `agent`, `env`, `game`, `observation_space` or `render_mode`, or
                a method that `call` calls.

        Raises:
            AttributeError: another name.
            MissingTruthError: `game` of environments that do not provide it.
        """
        return tuple(read(seat, name) for seat in self._seats)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """What a method of each row's `SingleAgentEnv` would answer, as in `SyncVectorEnv`.

        Args:
            name: `action_masks`, `expert`, `feature_map` or `render`; or an attribute, which is
                read.
            args: for the method.
            kwargs: likewise.

        Raises:
            AttributeError: another name.
            MissingTruthError: environments that do not provide what is asked.
        """
        found = self.get_attr(name)
        return tuple(each(*args, **kwargs) for each in found) if name in METHODS else found

    # ---- Gymnasium

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every row.

        Args:
            seed: row i gets `seed + i`, or the i-th of a sequence.
            options: for every environment beneath.

        Raises:
            InvalidOptionError: seeds that are none, another number of them than rows, or
                `reset_mask`, as episodes begin of themselves.
        """
        check_mapping("options", options)
        if options is not None and "reset_mask" in options:
            raise InvalidOptionError(
                f"reset: expected no reset_mask with {self.metadata['autoreset_mode']}, came one"
            )
        seeds = row_seeds(seed, self.num_envs)
        begun = settled_together(
            self._seats,
            [self._begin(row, seeds[row], options) for row in range(self.num_envs)],
        )
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        shown, told = [seen for seen, *_ in begun], [info for *_, info in begun]
        return self._batched(shown), self._told(told)

    def step(self, actions: Any) -> tuple[Any, NDArray[np.float64], Flags, Flags, dict[str, Any]]:
        """Play one action in every row, and the others up to its agent's next turn or end.

        Raises:
            EpisodeOverError: before the first reset.
            ShapeError: another number of actions than rows.
            IllegalActionError, InvalidPolicyError: as in `SingleAgentEnv`.
        """
        if self._over is None:
            raise EpisodeOverError("step: no episode has begun; call reset()")
        chosen = self._checked(actions, self._over)
        steps = settled_together(
            self._seats,
            [
                self._begin(row, None, None) if anew else self._seats[row].move(chosen[row])
                for row, anew in enumerate(self._over.tolist())
            ],
        )
        ended = np.array([terminated or truncated for _, _, terminated, truncated, _ in steps])
        shown = [seen for seen, *_ in steps]
        told: list[dict[str, Any]] = [info for *_, info in steps]
        infos: dict[str, Any] = {}
        if self._same_step:
            infos = self._begin_again(np.flatnonzero(ended).tolist(), shown, told)
        self._over = np.zeros_like(ended) if self._same_step else ended
        return (
            self._batched(shown),
            np.array([reward for _, reward, *_ in steps], dtype=np.float64),
            np.array([terminated for _, _, terminated, *_ in steps], dtype=np.bool_),
            np.array([truncated for *_, truncated, _ in steps], dtype=np.bool_),
            self._told(told, infos),
        )

    def action_masks(self) -> NDArray[np.bool_]:
        """The legal actions, `(B, A)` bool; all True where an episode is over.

        Raises:
            MissingTruthError: environments without masks.
        """
        return np.stack([seat.action_masks() for seat in self._seats])

    def render(self) -> tuple[Any, ...]:
        """What each environment beneath renders."""
        return tuple(seat.env.render() for seat in self._seats)

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments beneath."""
        del kwargs
        for seat in self._seats:
            seat.env.close()

    # ---- parts

    def _begin(self, row: int, seed: int | None, options: dict[str, Any] | None) -> Step | Asked:
        stream = self._streams[row]
        if seed is not None or stream is None:
            stream, _ = seeding.np_random(seed)
            self._streams[row] = stream
        return self._seats[row].begin(rng=stream, seed=seed, options=options)

    def _begin_again(
        self, rows: list[int], shown: list[Any], told: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Begin the next episode of `rows`, in place, and tell what was seen at the end."""
        infos: dict[str, Any] = {}
        begun = settled_together(
            [self._seats[row] for row in rows], [self._begin(row, None, None) for row in rows]
        )
        for row, (seen, *_, info) in zip(rows, begun, strict=True):
            final = {"final_obs": shown[row], "final_info": told[row]}
            infos = self._add_info(infos, final, row)
            shown[row], told[row] = seen, info
        return infos

    def _checked(self, actions: Any, begun: Flags) -> list[Any]:
        """One action a row, all looked at before any is played."""
        given = actions.tolist() if isinstance(actions, np.ndarray) and actions.ndim == 1 else None
        if given is None or not isinstance(self.single_action_space, spaces.Discrete):
            given = actions_of(self.action_space, actions, self.num_envs)
        if len(given) != self.num_envs:
            raise ShapeError(
                f"actions: expected {self.num_envs}, one for each row, came {len(given)}"
            )
        for row, anew in enumerate(begun.tolist()):
            if anew:
                continue
            try:
                given[row] = self._seats[row].checked(given[row])
            except IllegalActionError as error:
                raise IllegalActionError(f"row {row}: {error}") from None
        return given

    def _batched(self, shown: list[Any]) -> Any:
        return batched(self.single_observation_space, shown)

    def _told(
        self, told: list[dict[str, Any]], infos: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        infos = {} if infos is None else infos
        for row, info in enumerate(told):
            infos = self._add_info(infos, info, row)
        return infos


def autoreset_of(mode: object) -> AutoresetMode:
    """The autoreset mode of that name.

    Raises:
        InvalidOptionError: neither of the two that are offered.
    """
    for offered in (AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP):
        if isinstance(mode, str | AutoresetMode) and mode in (offered, offered.value):
            return offered
    raise InvalidOptionError(f"autoreset_mode: expected 'NextStep' or 'SameStep', came {mode!r}")


def _makers(make_env: MakeEnv | Sequence[MakeEnv], num_envs: int | None) -> list[MakeEnv]:
    rows = 0 if num_envs is None else check_whole("num_envs", num_envs, least=1)
    makers = list(make_env) if isinstance(make_env, Sequence) else [make_env] * rows
    for maker in makers:
        check_callable("make_env", maker, what="a function that makes environments, or several")
    if not makers or (num_envs is not None and len(makers) != num_envs):
        raise InvalidOptionError(
            f"num_envs: expected at least 1 and the number of makers, came {num_envs!r} with "
            f"{len(makers)} makers"
        )
    return makers


def _seats(makers: Sequence[MakeEnv], agent: str, others: Others, rules: Rules) -> list[Seat]:
    """One seat a row; players are shared between rows, experts between those of one maker."""
    known: Known = {}
    firsts: dict[int, Seat] = {}
    seats: list[Seat] = []
    for row, maker in enumerate(makers):
        first = firsts.get(id(maker))
        whom = others if first is None else first.players
        seat = Seat(maker(), agent, whom, rules, known)
        seats.append(seat)
        firsts.setdefault(id(maker), seat)
        for kind in ("observation_space", "action_space"):
            came, expected = getattr(seat, kind), getattr(seats[0], kind)
            if came != expected:
                raise ShapeError(
                    f"{kind} of row {row}: expected {expected}, as of row 0, came {came}"
                )
    return seats
