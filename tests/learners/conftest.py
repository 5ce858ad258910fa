"""One torch thread: the same sums on every run, and no fighting over cores."""

import torch

torch.set_num_threads(1)
