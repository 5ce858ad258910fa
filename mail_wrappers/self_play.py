"""Self-play: a view whose other agents the learner plays itself."""

from mail_wrappers.others import MultiAgentEnv, Others
from mail_wrappers.players import ModelPlayer, Predictor
from mail_wrappers.seats import IllegalAction
from mail_wrappers.single_agent import SingleAgentEnv

__all__ = ["SelfPlayEnv"]


class SelfPlayEnv(SingleAgentEnv):
    """A view against whomever the learner says, itself to begin with: see `follow`.

        view = SelfPlayEnv(connect_four_v0.raw_env())
        model = MaskablePPO("MultiInputPolicy", view)
        view.follow(model)  # as it learns; or, every now and then, a copy as it was
        model.learn(100_000)

    Args:
        env: a PettingZoo AEC or parallel environment.
        agent: as in `SingleAgentEnv`; every seat in turn unless said otherwise.
        others: who plays the others until `follow` says it.
        illegal_action: as in `SingleAgentEnv`.
        illegal_reward: likewise.
    """

    def __init__(
        self,
        env: MultiAgentEnv,
        agent: str = "alternate",
        others: Others = "random",
        *,
        illegal_action: IllegalAction = "lose",
        illegal_reward: float = -1.0,
    ) -> None:
        super().__init__(
            env, agent, others, illegal_action=illegal_action, illegal_reward=illegal_reward
        )

    def follow(self, others: Others, *, deterministic: bool = False) -> None:
        """Say who plays the others from their next move on.

        Args:
            others: as in `SingleAgentEnv`. A model is asked as it is at each move: pass a copy to
                play against what it was.
            deterministic: whether a model, given for all agents, plays its most probable action.
                If not, it draws from generators of its own, as when it learns.
        """
        if isinstance(others, Predictor) and not callable(others):
            others = ModelPlayer(others, deterministic=deterministic)
        self._seat.seat_others(others)
