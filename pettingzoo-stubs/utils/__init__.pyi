from pettingzoo.utils.conversions import parallel_to_aec as parallel_to_aec
from pettingzoo.utils.env import AECEnv as AECEnv
from pettingzoo.utils.env import ParallelEnv as ParallelEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper as BaseParallelWrapper
from pettingzoo.utils.wrappers import BaseWrapper as BaseWrapper
