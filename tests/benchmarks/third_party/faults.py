"""The known faults of other people's environments, by the name of their row."""

from tests.benchmarks.third_party.proving import Fault

FAULTS: dict[str, tuple[Fault, ...]] = {}
