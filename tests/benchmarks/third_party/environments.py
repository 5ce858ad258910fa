"""The environments of the table: none of them is ours."""

import warnings
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class Entry:
    """An environment by the door of its package.

    Attributes:
        name: how the table calls it.
        door: "module:function", making the environment.
        kwargs: for the function.
        agent: whose view; None for the last of `possible_agents`.
        steps: where the contract checks break an episode off; pictures cost time.
    """

    name: str
    door: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    agent: str | None = None
    steps: int = 300

    def make(self):
        module, _, function = self.door.partition(":")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PettingZoo's doors are deprecated in favour of make
            return getattr(import_module(module), function)(**self.kwargs)


HEAVY = {
    "chess_v6": 60,
    "cooperative_pong_v6": 60,
    "go_v5": 60,
    "pistonball_v6": 20,
    "pursuit_v5": 30,
}
"""Environments of much to look at, and how many steps of them the contract checks play."""


def _entries(package, label, doors, names):
    return [
        Entry(
            f"{label}/{name}{'' if door == 'env' else ' (parallel)'}",
            f"{package}.{name}:{door}",
            steps=HEAVY.get(name, 300),
        )
        for name in names
        for door in doors
    ]


CLASSIC = (
    "chess_v6",
    "connect_four_v3",
    "go_v5",
    "hanabi_v5",
    "leduc_holdem_v4",
    "rps_v2",
    "texas_holdem_no_limit_v6",
    "texas_holdem_v4",
    "tictactoe_v3",
)
BUTTERFLY = ("cooperative_pong_v6", "knights_archers_zombies_v11", "pistonball_v6")
MPE = (
    "collect_treasure_v1",
    "simple_adversary_v3",
    "simple_crypto_v3",
    "simple_formation_v1",
    "simple_line_v1",
    "simple_push_v3",
    "simple_reference_v3",
    "simple_speaker_listener_v4",
    "simple_spread_v3",
    "simple_tag_v3",
    "simple_world_comm_v3",
)
SISL = ("multiwalker_v9", "pursuit_v5")
SPIEL = (
    "backgammon",
    "coin_game",
    "euchre",
    "first_sealed_auction",
    "goofspiel",
    "hearts",
    "kuhn_poker",
    "leduc_poker",
    "liars_dice",
    "markov_soccer",
    "oh_hell",
    "othello",
    "tiny_hanabi",
)


def openspiel(game: str):
    """An OpenSpiel game behind Shimmy's AEC environment."""
    import pyspiel
    from shimmy import OpenSpielCompatibilityV0

    return OpenSpielCompatibilityV0(env=pyspiel.load_game(game))


def mamujoco(scenario: str, conf: str):
    """A MuJoCo body whose parts are agents; continuous."""
    from gymnasium_robotics import mamujoco_v1

    return mamujoco_v1.parallel_env(scenario=scenario, agent_conf=conf, agent_obsk=1)


HERE = __name__
BOTH = ("env", "parallel_env")
ENTRIES = (
    *_entries("pettingzoo.classic", "classic", ("env",), CLASSIC),
    *_entries("pettingzoo.butterfly", "butterfly", BOTH, BUTTERFLY),
    *_entries("pettingzoo.sisl", "sisl", BOTH, SISL),
    *_entries("mpe2", "mpe2", BOTH, MPE),
    Entry("mpe2/simple_tag_v3, continuous", "mpe2.simple_tag_v3:env", {"continuous_actions": True}),
    Entry(
        "mpe2/simple_spread_v3, continuous (parallel)",
        "mpe2.simple_spread_v3:parallel_env",
        {"continuous_actions": True, "N": 8},
    ),
    *(Entry(f"openspiel/{game}", f"{HERE}:openspiel", {"game": game}) for game in SPIEL),
    Entry("mamujoco/Ant 4x2 (parallel)", f"{HERE}:mamujoco", {"scenario": "Ant", "conf": "4x2"}),
    Entry(
        "mamujoco/Walker2d 2x3 (parallel)",
        f"{HERE}:mamujoco",
        {"scenario": "Walker2d", "conf": "2x3"},
    ),
    Entry(
        "magent2/battle_v4",
        "magent2.environments.battle_v4:env",
        {"map_size": 16, "max_cycles": 100},
    ),
    Entry(
        "magent2/adversarial_pursuit_v4 (parallel)",
        "magent2.environments.adversarial_pursuit_v4:parallel_env",
        {"map_size": 16, "max_cycles": 100},
    ),
    Entry("frondori/kitchen-v0 (parallel)", "frondori_kitchen:KitchenEnv"),
    Entry("frondori/football-v0 (parallel)", "frondori_football:FootballEnv"),
)
