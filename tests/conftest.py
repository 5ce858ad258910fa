"""Common to all tests: one thread, unseen windows, property tests that take their time."""

import os

from hypothesis import settings

# Before torch or a BLAS is loaded: sums over threads are not the same from machine to machine.
os.environ["OMP_NUM_THREADS"] = "1"

# Before pygame is loaded: windows are drawn into memory, whether there is a display or not.
os.environ["SDL_VIDEODRIVER"] = "dummy"

# The first example of a test may enumerate a game or compile a kernel: no deadline per example.
settings.register_profile("mail", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("mail")
