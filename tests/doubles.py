"""Environments that are none of ours: tiny, scripted, and with known pay at every turn."""

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv

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
        joins: turn → agents that are listed only after it.
        leaves: turn → agents that are listed no more after it, unsaid.

    `paid` is what each agent has been paid in the episode. An agent sees the number of the turn and
    its own number.
    """

    def __init__(self, turns, pays=(), deaths=None, mask=None, mask_in="observation", **moves):
        self.metadata = {"name": "script_v0", "render_modes": []}
        self.possible_agents = sorted(set(turns))
        self.turns, self.pays, self.deaths = turns, pays, deaths or {}
        self.mask, self.mask_in = mask, mask_in
        self.joins, self.leaves = moves.get("joins", {}), moves.get("leaves", {})
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
        late = {agent for joined in self.joins.values() for agent in joined}
        self.agents = [agent for agent in self.possible_agents if agent not in late]
        self.turn, self.played = 0, []
        self.paid = dict.fromkeys(self.possible_agents, 0.0)
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
        for agent, reward in self.rewards.items():
            self.paid[agent] += reward
        for agent in self.leaves.get(self.turn, ()):
            self.agents.remove(agent)
        for agent in self.joins.get(self.turn, ()):
            self._join(agent)
        for agent in self.deaths.get(self.turn, ()):
            self.terminations[agent] = True
        self.turn += 1
        if self.turn == len(self.turns):
            self.truncations = {agent: not self.terminations[agent] for agent in self.agents}
        else:
            self.agent_selection = self.turns[self.turn]
        self._tell()
        self._deads_step_first()

    def _join(self, agent):
        self.agents.append(agent)
        self.rewards[agent] = self._cumulative_rewards[agent] = 0.0
        self.terminations[agent] = self.truncations[agent] = False

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


class Rounds(ParallelEnv):
    """A parallel environment that follows a script, whatever is played.

    Args:
        listed: who moves, round by round; the episode is over after the last round.
        pays: what each round pays whom.
        ends: round → agent → "terminated" or "truncated" by it.
        actions: agent → action space; `Discrete(3)` for those that are not named.
        mask: None, or from (round, agent) to a mask, which stands in infos.

    `paid` is what each agent has been paid in the episode. An agent sees the number of the round
    and its own number.
    """

    def __init__(self, listed, pays=(), ends=None, actions=None, mask=None):
        self.metadata = {"name": "rounds_v0", "render_modes": []}
        self.possible_agents = sorted({agent for agents in listed for agent in agents})
        self.listed, self.pays, self.ends, self.mask = listed, pays, ends or {}, mask
        self.agents, self.played, self.seeds = [], [], []
        self.spaces = {**dict.fromkeys(self.possible_agents, spaces.Discrete(3)), **(actions or {})}
        self.seen = spaces.Box(0, 100, (2,), np.int8)

    def observation_space(self, agent):
        return self.seen

    def action_space(self, agent):
        return self.spaces[agent]

    def reset(self, seed=None, options=None):
        self.seeds.append((seed, options))
        self.round, self.played = 0, []
        self.paid = dict.fromkeys(self.possible_agents, 0.0)
        self.agents = list(self.listed[0])
        return self._look(self.agents)

    def step(self, actions):
        assert list(actions) == self.agents
        self.played.append(dict(actions))
        pay = self.pays[self.round] if self.round < len(self.pays) else {}
        rewards = {agent: float(pay.get(agent, 0)) for agent in {*self.agents, *pay}}
        for agent, reward in rewards.items():
            self.paid[agent] += reward
        ends = self.ends.get(self.round, {})
        before = self.agents
        self.round += 1
        over = self.round == len(self.listed)
        self.agents = [] if over else list(self.listed[self.round])
        seen, infos = self._look({*before, *self.agents})
        flags = [{a: ends.get(a) == word for a in seen} for word in ("terminated", "truncated")]
        return seen, rewards, *flags, infos

    def _look(self, agents):
        seen = {
            agent: np.array([self.round, self.possible_agents.index(agent)], dtype=np.int8)
            for agent in agents
        }
        told = {
            agent: {} if self.mask is None else {"action_mask": self.mask(self.round, agent)}
            for agent in agents
        }
        return seen, told


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
