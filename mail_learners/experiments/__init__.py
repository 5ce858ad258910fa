"""Experiments: sweeps over learners, sizes and seeds behind `mail-bench`.

The registry names every experiment with its one-line summary; the module behind a name is
imported when it is run, not when it is listed. A name `module:ATTRIBUTE` stands for an experiment
of the user's own.
"""

from mail_learners.experiments.registry import REGISTRY, Entry, load

__all__ = ["REGISTRY", "Entry", "load"]
