# What this house uses of PettingZoo 1.27, which has annotations but no `py.typed` that would let
# a checker read them. `tests/contract/test_public_types.py` holds these lines against the library.
from pettingzoo.env_registry.registration import EnvSpec as EnvSpec
from pettingzoo.env_registry.registration import aec_registry as aec_registry
from pettingzoo.env_registry.registration import make as make
from pettingzoo.env_registry.registration import parallel_registry as parallel_registry
from pettingzoo.env_registry.registration import register as register
from pettingzoo.utils.env import AECEnv as AECEnv
from pettingzoo.utils.env import ParallelEnv as ParallelEnv

__version__: str
