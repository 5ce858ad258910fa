"""Learned policies in files: what was saved is loaded, and nothing else."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from mail_envs.board import TicTacToe
from mail_envs.errors import ForeignResultsError
from mail_learners import CloneConfig, clone, load_policy
from mail_learners.cloning import FORMAT
from tests.cloning import SOFT, STATES, decisions_of


@pytest.fixture(scope="module")
def policy():
    config = CloneConfig(widths=(5, 4), max_steps=3)
    return clone(decisions_of(SOFT, STATES, copies=1), seed=0, config=config)


@pytest.fixture
def saved(policy, tmp_path):
    path = tmp_path / "deeper" / "policy.safetensors"
    policy.save(path)
    return path


def description(path):
    with safe_open(str(path), "pt") as file:
        return json.loads(file.metadata()["mail-envs"])


def test_a_policy_comes_back_and_its_bytes_too(policy, saved, tmp_path):
    observations = np.array([TicTacToe().observation(state) for state in STATES])
    masks = np.array([TicTacToe().action_mask(state) for state in STATES])
    again = load_policy(str(saved))
    np.testing.assert_array_equal(again(observations, masks), policy(observations, masks))
    again.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()
    policy.save(saved)  # over itself
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_description_is_json(saved):
    found = description(saved)
    assert (found["format"], found["shape"], found["widths"]) == (FORMAT, [3, 3, 2], [5, 4])


@pytest.mark.parametrize("widths", [(), (3,), (3,) * 6])
def test_networks_of_every_depth_come_back(widths, tmp_path):
    config = CloneConfig(widths=widths, max_steps=1)
    policy = clone(decisions_of(SOFT, STATES[:3], copies=1), seed=0, config=config)
    policy.save(tmp_path / "policy")
    seen = TicTacToe().observation((0, 0))[None]
    np.testing.assert_array_equal(load_policy(tmp_path / "policy")(seen), policy(seen))


def refused(path):
    with pytest.raises(
        ForeignResultsError,
        match=r"expected a policy of format 'mail-envs cloned policy 1', came a damaged",
    ):
        load_policy(path)


def test_a_flipped_bit_anywhere_is_noticed(saved):
    content = saved.read_bytes()
    for place in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        saved.write_bytes(damaged)
        refused(saved)


@pytest.mark.parametrize("kept", [0, 1, 7, 100, 1000, -1])
def test_a_truncated_file_is_refused(saved, kept):
    saved.write_bytes(saved.read_bytes()[:kept])
    refused(saved)


def test_other_files_are_refused(saved, tmp_path):
    (tmp_path / "text").write_text("a policy, honestly")
    refused(tmp_path / "text")
    save_file({"weight": torch.zeros(3)}, tmp_path / "weights")
    refused(tmp_path / "weights")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "mail-envs cloned policy 2"},
        {"shape": [3, 2, 3]},
        {"shape": 18},
        {"widths": [5]},
        {"widths": None},
        {"checksum": "0" * 64},
        {"more": 1},
    ],
)
def test_descriptions_that_do_not_match_are_refused(saved, change):
    found, weights = description(saved) | change, load_file(saved)
    save_file(weights, saved, metadata={"mail-envs": json.dumps(found)})
    refused(saved)


@pytest.mark.parametrize("text", ["[]", "3", "{", "null"])
def test_descriptions_that_are_none_are_refused(saved, text):
    save_file(load_file(saved), saved, metadata={"mail-envs": text})
    refused(saved)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_policy(tmp_path / "nowhere")
