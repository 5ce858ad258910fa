"""Reference learners: the papers' algorithms as compositions of environments and wrappers.

Names are imported when they are used, so that the command line starts without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mail_learners.cloning import CloneConfig, ClonedPolicy, clone, load_policy
    from mail_learners.dagger import DaggerConfig
    from mail_learners.deep import Options
    from mail_learners.dqn_explorer import ExploreConfig, dqn_explore
    from mail_learners.exploitability import ExploitabilityEstimate, estimate_exploitability
    from mail_learners.learning import LEARNERS, learn
    from mail_learners.results import Result

__all__ = [
    "LEARNERS",
    "CloneConfig",
    "ClonedPolicy",
    "DaggerConfig",
    "ExploitabilityEstimate",
    "ExploreConfig",
    "Options",
    "Result",
    "clone",
    "dqn_explore",
    "estimate_exploitability",
    "learn",
    "load_policy",
]

_HOMES = {
    "cloning": ("CloneConfig", "ClonedPolicy", "clone", "load_policy"),
    "dqn_explorer": ("ExploreConfig", "dqn_explore"),
    "dagger": ("DaggerConfig",),
    "deep": ("Options",),
    "exploitability": ("ExploitabilityEstimate", "estimate_exploitability"),
    "learning": ("LEARNERS", "learn"),
    "results": ("Result",),
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the type of what is asked for
    """Import the module that a name lives in."""
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
