"""Environments that are none of ours: tiny, scripted, and with known pay at every turn."""

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv

ACTIONS = 3


class Script(AECEnv):
    """An AEC environment that follows a script, whatever is played.

    Args:
        turns: whose turn it is, turn by turn.
        pays: what each turn pays whom.
        deaths: turn → agents that are terminated by it; whoever is left at the end of the script
            is truncated.
        mask: None, or from (turn, agent) to a mask.
        mask_in: "observation" or "info", where the mask stands.

    An agent sees the number of the turn and its own number.
    """

    def __init__(self, turns, pays=(), deaths=None, mask=None, mask_in="observation"):
        self.metadata = {"name": "script_v0", "render_modes": []}
        self.possible_agents = sorted(set(turns))
        self.turns, self.pays, self.deaths = turns, pays, deaths or {}
        self.mask, self.mask_in = mask, mask_in
        self.agents, self.played, self.seeds = [], [], []
        bare = spaces.Box(0, 100, (2,), np.int8)
        both = {"observation": bare, "action_mask": spaces.MultiBinary(ACTIONS)}
        inside = mask is not None and mask_in == "observation"
        space = spaces.Dict(both) if inside else bare
        self.observation_spaces = dict.fromkeys(self.possible_agents, space)
        self.action_spaces = {agent: spaces.Discrete(ACTIONS) for agent in self.possible_agents}

    def observation_space(self, agent):
        return self.observation_spaces[agent]

    def action_space(self, agent):
        return self.action_spaces[agent]

    def reset(self, seed=None, options=None):
        self.seeds.append((seed, options))
        self.agents = list(self.possible_agents)
        self.turn, self.played = 0, []
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.agent_selection = self.turns[0]
        self._tell()

    def observe(self, agent):
        seen = np.array([self.turn, self.possible_agents.index(agent)], dtype=np.int8)
        if self.mask is None or self.mask_in == "info":
            return seen
        return {"observation": seen, "action_mask": self.mask(self.turn, agent)}

    def step(self, action):
        if self.terminations[self.agent_selection] or self.truncations[self.agent_selection]:
            self._was_dead_step(action)
            return
        self.played.append((self.agent_selection, action))
        self._cumulative_rewards[self.agent_selection] = 0.0
        pay = self.pays[self.turn] if self.turn < len(self.pays) else {}
        self.rewards = {agent: float(pay.get(agent, 0.0)) for agent in self.agents}
        self._accumulate_rewards()
        for agent in self.deaths.get(self.turn, ()):
            self.terminations[agent] = True
        self.turn += 1
        if self.turn == len(self.turns):
            self.truncations = {agent: not self.terminations[agent] for agent in self.agents}
        else:
            self.agent_selection = self.turns[self.turn]
        self._tell()
        self._deads_step_first()

    def _tell(self):
        outside = self.mask is not None and self.mask_in == "info"
        self.infos = {
            agent: {"action_mask": self.mask(self.turn, agent)} if outside else {}
            for agent in self.agents
        }


def in_order(demonstrations, column):
    """A column of all agents' decisions in the order in which they were made; "agents" for who."""
    agents, rows = demonstrations.order()
    if column == "agents":
        return agents
    tables = [getattr(demonstrations.of(name), column) for name in demonstrations.agent_names]
    return np.array([tables[agent][row] for agent, row in zip(agents, rows, strict=True)])


def always(action):
    """A policy that plays one action and remembers what it was asked."""

    def policy(observations, action_masks):
        policy.asked.append((observations.tolist(), action_masks.tolist()))
        return np.eye(action_masks.shape[1])[np.full(len(observations), action)]

    policy.asked = []
    return policy


def masks(*rows):
    """A mask for every turn, the last one from then on."""
    return lambda turn, agent: np.array(rows[min(turn, len(rows) - 1)], dtype=np.int8)
