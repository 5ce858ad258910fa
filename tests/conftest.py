"""Common to all tests: one thread, unseen windows, and property tests that take the time they need."""

import os

from hypothesis import settings

# Before torch or a BLAS is loaded: sums over threads are not the same from machine to machine.
os.environ["OMP_NUM_THREADS"] = "1"

# Before pygame is loaded: windows of the tests are drawn into memory, where there is no display too.
os.environ["SDL_VIDEODRIVER"] = "dummy"

# The first example of a test may enumerate a game or compile a kernel: no deadline per example.
settings.register_profile("mail", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("mail")
