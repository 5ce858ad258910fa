"""Learners of board games, batched: many games in lockstep, experts asked by the batch."""
