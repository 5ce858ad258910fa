"""stable-baselines3 and sb3-contrib: learners that keep to masks, and models as policies.

- `MaskedDQNPolicy` and `MaskedDQN`: DQN over legal actions alone.
- `MaskedActorCriticPolicy`: for learners that never pass masks (PPO, A2C, `imitation`'s).
- `as_policy`: a trained model as a `Policy`: an opponent, an expert, the input of `nash_gap`.
- `as_expert`: a `Policy` as stable-baselines3's kind of policy, for libraries that want one.
- `RepricedReplayBuffer`: a replay buffer that prices what it hands out.

Native batches are in `mail_wrappers.interop.stable_baselines3_vector`.
"""

from mail_wrappers.interop.stable_baselines3.actor_critic import MaskedActorCriticPolicy
from mail_wrappers.interop.stable_baselines3.dqn import (
    LateFusionQNetwork,
    MaskedDQN,
    MaskedDQNPolicy,
)
from mail_wrappers.interop.stable_baselines3.experts import ExpertPolicy, as_expert
from mail_wrappers.interop.stable_baselines3.masks import FLOOR, ObservationOnly
from mail_wrappers.interop.stable_baselines3.models import ModelPolicy, as_policy
from mail_wrappers.interop.stable_baselines3.replay import RepricedReplayBuffer

__all__ = [
    "FLOOR",
    "ExpertPolicy",
    "LateFusionQNetwork",
    "MaskedActorCriticPolicy",
    "MaskedDQN",
    "MaskedDQNPolicy",
    "ModelPolicy",
    "ObservationOnly",
    "RepricedReplayBuffer",
    "as_expert",
    "as_policy",
]
