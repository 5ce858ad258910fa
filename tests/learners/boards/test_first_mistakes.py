"""What a search finds of a cloned network on Connect Four, borne out by PettingZoo's rules."""

import pytest

from mail_envs import PerfectExpert
from mail_envs.board import ConnectFour, Mistake, find_mistake
from mail_envs.protocols.asking import greedy
from mail_learners.boards.cloning import BoardCloneConfig, clone_board
from mail_learners.boards.gathering import gather_board
from tests.boards import replay_in_pettingzoo

GAME = ConnectFour()


@pytest.mark.parametrize("seat", [0, 1])
def test_a_cloned_network_errs_and_the_certificate_replays(seat):
    taught = gather_board("bc-random-ties", GAME, seat, games=20, seed=0).of(GAME.agents[seat])
    config = BoardCloneConfig(widths=(32,), steps=100)
    policy = greedy(clone_board(GAME, taught, seed=0, config=config))
    found = find_mistake(GAME, policy, seat)
    assert isinstance(found, Mistake)
    assert found.player == seat
    found.replay(policy, solver=PerfectExpert(GAME).solver)
    replay_in_pettingzoo(found)
