"""What the pages of the environments state, computed by the library.

Every page has four tables between markers, `specification`, `features`, `facts` and `arguments`.
`python docs/_ext/environment_facts.py` writes them; a test compares them with what is computed.
"""

import inspect
import re
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from mail_envs import PerfectExpert, loss_probability, nash_gap
from mail_envs.board.features import FEATURES, feature_map
from mail_envs.board.positions import positions
from mail_envs.markov import concentrability, library
from mail_envs.markov.setting import Setting
from mail_envs.protocols.asking import uniform_policy
from mail_envs.registration import ENTRIES, PARALLEL_ENTRIES, Entry, ParallelEntry

PAGES = Path(__file__).parents[1] / "environments"
ALL = (*ENTRIES, *PARALLEL_ENTRIES)
MARKOV_FEATURES: dict[str, tuple[str, ...]] = {
    "random_game_v0": (),
    "random_linear_v0": ("one-hot", "marginalised-by-expert"),
    "block_linear_v0": ("own", "one-hot"),
    "additive_linear_v0": ("own", "one-hot", "marginalised-by-expert"),
    "independent_linear_v0": ("own", "one-hot"),
    "low_rank_v0": ("one-hot", "latent"),
    "grid_game_v0": ("one-hot", "relational", "relational-aliased"),
    "chain_of_despair_v0": (),
    "lower_bound_v0": (),
}
"""The names of feature maps that the door's `setting(features=…)` knows; none: one-hot only."""

Rows = list[tuple[str, ...]]


def name_of(entry: Entry | ParallelEntry) -> str:
    """The name of an environment's door, and of its page: `grid_game_v0`."""
    return entry.door.rpartition(".")[2]


def environment(entry: Entry | ParallelEntry) -> Any:  # noqa: ANN401
    """The bare environment with its default arguments."""
    door = import_module(entry.door)
    return door.raw_env() if isinstance(entry, Entry) else door.parallel_env()


def specification(entry: Entry | ParallelEntry) -> Rows:
    """Names, agents, spaces and episodes, read off the registered environment."""
    env, name = environment(entry), name_of(entry)
    first = env.possible_agents[0]
    in_turn = isinstance(entry, Entry)
    return [
        ("", ""),
        ("import", f"`from mail_envs import {name}`"),
        ("PettingZoo", f"`{entry.multi_agent_id}`, {'aec' if in_turn else 'parallel and aec'}"),
        ("Gymnasium", f"`{entry.single_agent_id}`, single and `make_vec`"),
        ("agents", ", ".join(f"`{agent}`" for agent in env.possible_agents)),
        ("moves", "in turn" if in_turn else "all at once"),
        ("action space", by_agent(env, env.action_space)),
        ("observation space", by_agent(env, env.observation_space)),
        ("observations", "the board" if in_turn else code(env.setting.observations)),
        ("episode", episode(env)),
        ("render modes", code(env.metadata["render_modes"])),
        ("feature map", f"dimension {env.feature_map(first).dimension} by default"),
    ]


def by_agent(env: Any, space: Callable[[str], Any]) -> str:  # noqa: ANN401
    """A space, once if it is the same for all agents."""
    found = {agent: f"`{space(agent)}`" for agent in env.possible_agents}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return ", ".join(f"{agent}: {text}" for agent, text in found.items())


def episode(env: Any) -> str:  # noqa: ANN401
    """How long an episode is."""
    game = env.game
    if not hasattr(game, "horizon"):
        return f"at most {game.rows * game.columns} moves"
    if game.horizon is not None:
        return f"{game.horizon} steps, then terminated"
    return f"{env.max_cycles} steps, then truncated; discount {game.discount:g}"


def code(names: Any) -> str:  # noqa: ANN401
    """Names, set as code."""
    return ", ".join(f"`{name}`" for name in names)


def features(entry: Entry | ParallelEntry) -> Rows:
    """The feature maps by name, and their dimensions."""
    head: Rows = [("name", "dimension")]
    if isinstance(entry, Entry):
        game = environment(entry).game
        return head + [(f"`{n}`", str(feature_map(game, n).dimension)) for n in sorted(FEATURES)]
    door, name = import_module(entry.door), name_of(entry)
    known = MARKOV_FEATURES[name]
    settings = {n: door.setting(features=n) for n in known} or {"one-hot": door.setting()}
    return head + [(f"`{n}`", dimensions(setting)) for n, setting in settings.items()]


def dimensions(setting: Setting) -> str:
    """The dimensions of a setting's maps, one number if they agree."""
    found = [m.dimension for m in setting.maps]
    return str(found[0]) if len(set(found)) == 1 else ", ".join(map(str, found))


def arguments(entry: Entry | ParallelEntry) -> Rows:
    """The keywords of the door and, where it hands them on, of the library's function."""
    door, name = import_module(entry.door), name_of(entry)
    functions = [door.env] if isinstance(entry, Entry) else [door.setting]
    if inspect.signature(functions[0]).parameters.get("game"):
        functions.append(getattr(library, name.removesuffix("_v0")))
    found: dict[str, str] = {}
    for function in functions:
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind is not parameter.VAR_KEYWORD:
                found.setdefault(parameter.name, shown_default(parameter.default))
    return [("argument", "default"), *((f"`{n}`", d) for n, d in found.items())]


def shown_default(value: Any) -> str:  # noqa: ANN401
    """A default as code; none where an argument has to be given."""
    return "" if value is inspect.Parameter.empty else f"`{value!r}`"


def facts(entry: Entry | ParallelEntry) -> Rows:
    """What is exactly true of the default game."""
    head: Rows = [("quantity", "value", "computed by")]
    name = name_of(entry)
    if name == "tictactoe_v0":
        return head + tictactoe_facts(environment(entry).game)
    if name == "connect_four_v0":
        return head + connect_four_facts(environment(entry).game)
    return head + markov_facts(import_module(entry.door), name)


def tictactoe_facts(game: Any) -> Rows:  # noqa: ANN401
    """Of a board whose every position can be listed."""
    layers = list(positions(game))
    expert = PerfectExpert(game)
    uniform = nash_gap(game, [uniform_policy, uniform_policy])
    return [
        ("positions", str(sum(len(layer.states.mover) for layer in layers)), "`positions`"),
        ("score of every first move", scores(expert, game), "`PerfectExpert.scores`"),
        ("Nash gap of the experts", number(nash_gap(game, [expert] * 2).total), "`nash_gap`"),
        ("Nash gap of uniform play", number(uniform.total), "`nash_gap`"),
        (
            "loss probability of uniform play, first and second",
            ", ".join(number(loss_probability(game, [uniform_policy] * 2, p)) for p in (0, 1)),
            "`loss_probability`",
        ),
    ]


def connect_four_facts(game: Any) -> Rows:  # noqa: ANN401
    """Of the full board, from search and book."""
    return [("score of every first move", scores(PerfectExpert(game), game), "`PerfectExpert`")]


def scores(expert: PerfectExpert, game: Any) -> str:  # noqa: ANN401
    """The exact scores of the moves at the empty board."""
    return ", ".join(f"{score:g}" for score in expert.scores(game.initial_state()))


def markov_facts(door: Any, name: str) -> Rows:  # noqa: ANN401
    """Of a Markov game and its experts."""
    setting = door.setting()
    game, experts = setting.game, setting.experts
    gap = nash_gap(game, experts)
    steps = game.horizon or 1
    uniform = [np.full((steps, game.num_states, a), 1 / a) for a in game.num_actions]
    if game.horizon is None:
        uniform = [table[0] for table in uniform]
    covered = door.setting(noise_bits=0) if name == "low_rank_v0" else setting
    cover = concentrability(covered.game, covered.experts)
    what = "latent states" if name == "low_rank_v0" else cover.counted
    reached = ", ".join(
        f"{agent} {count}" for agent, count in zip(game.agents, cover.reached, strict=True)
    )
    return [
        ("states", str(game.num_states), "`MarkovGame.num_states`"),
        ("value of the experts to each player", ", ".join(map(number, gap.values)), "`nash_gap`"),
        ("Nash gap of the experts", number(gap.total), "`nash_gap`"),
        ("Nash gap of uniform play", number(nash_gap(game, uniform).total), "`nash_gap`"),
        (f"{what} that the experts visit", str(cover.visited), "`concentrability`"),
        (f"{what} that one player's deviations reach", reached, "`concentrability`"),
        ("$C_{\\max}$, of states, all policies", overall(cover.all_policy), "`concentrability`"),
        ("$C$, of states, best responses", overall(cover.single_policy), "`concentrability`"),
        ("$C_{ray}$, of the game's features", overall(cover.rayleigh), "`concentrability`"),
    ]


def overall(coefficients: Any) -> str:  # noqa: ANN401
    """The largest of the coefficients, as its report shows it."""
    return str(coefficients.overall)


def number(value: float) -> str:
    """Six digits; rounding errors are nothing."""
    return "0" if abs(value) < 1e-9 else f"{value:.6g}"


TABLES: dict[str, Callable[[Entry | ParallelEntry], Rows]] = {
    "specification": specification,
    "features": features,
    "facts": facts,
    "arguments": arguments,
}


@cache
def markdown(entry_name: str, table: str) -> str:
    """One table of one page."""
    entry = next(e for e in ALL if name_of(e) == entry_name)
    head, *rows = TABLES[table](entry)
    lines = [row(head), "|".join(["", *("---" for _ in head), ""]), *map(row, rows)]
    return "\n".join(lines)


def row(cells: tuple[str, ...]) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def block(table: str) -> re.Pattern[str]:
    """Where a page keeps a table."""
    return re.compile(rf"(?<=<!-- {table} -->\n\n).*?(?=\n\n<!-- end -->)", re.DOTALL)


def refreshed(page: str, entry_name: str) -> str:
    """A page with its tables as they are computed now."""
    for table in TABLES:
        page = block(table).sub(lambda _, t=table: markdown(entry_name, t), page)
    return page


def main() -> None:
    """Write the tables of every page."""
    for entry in ALL:
        path = PAGES / f"{name_of(entry).removesuffix('_v0')}.md"
        page = path.read_text(encoding="utf-8")
        path.write_text(refreshed(page, name_of(entry)), encoding="utf-8")


if __name__ == "__main__":
    main()
