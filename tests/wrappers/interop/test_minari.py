"""Minari: there and back, byte by byte; and datasets of others."""

import numpy as np
import pytest
from gymnasium import spaces

from mail_envs import tictactoe_v0
from mail_envs.errors import ForeignResultsError, InvalidOptionError, ShapeError
from mail_wrappers import record
from tests.columns import decisions
from tests.recorded import Meeting, leaning, steady

minari = pytest.importorskip("minari")
pytest.importorskip("pyarrow")
from mail_wrappers.interop.minari import OURS, from_minari, to_minari  # noqa: E402

ABOUT = {
    "description": "Leaning play.",
    "author": "nobody",
    "author_email": "nobody@example.org",
    "code_permalink": "https://example.org/code",
    "algorithm_name": "leaning",
}
ENDED = {"terminations", "truncations"}


@pytest.fixture(autouse=True)
def datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))


def reloaded(dataset):
    return minari.load_dataset(dataset.id)


def test_recorded_decisions_come_back_byte_by_byte():
    meeting = {"walker": steady, "talker": "random", "late": leaning}
    for number, table in enumerate(
        (
            record(tictactoe_v0.raw_env, leaning, episodes=5, seed=0),
            record(Meeting, meeting, episodes=3, seed=0),
        )
    ):
        for agent in table.agent_names:
            own = table.of(agent)
            action_space = spaces.Discrete(3, start=1) if agent == "late" else None
            name = f"test/{agent.replace('_', '-')}-{number}-v0"
            dataset = to_minari(own, name, action_space=action_space, **ABOUT)
            assert dataset.total_steps == len(own)
            assert from_minari(dataset).checksum() == own.checksum()
            assert from_minari(reloaded(dataset)).checksum() == own.checksum()


def test_minari_sees_episodes_as_its_own():
    own = record(tictactoe_v0.raw_env, leaning, episodes=2, seed=1).of("player_0")
    dataset = to_minari(own, "test/board-v0", **ABOUT)
    first = dataset[0]
    assert len(first.observations) == len(first.actions) + 1
    assert first.terminations.tolist() == [False] * (len(first) - 1) + [True]
    assert dataset.spec.action_space == spaces.Discrete(9)


def test_unknown_rewards_and_ends_become_zeros():
    own = decisions(nested=True, without={"rewards", *ENDED, "action_masks", "distributions"})
    back = from_minari(to_minari(own, "test/plain-v0", **ABOUT))
    assert not back.rewards.any()
    assert not back.truncations.any()
    assert back.action_masks is None
    np.testing.assert_array_equal(back.observations["board"], own.observations["board"])


def buffer(observations, infos=None):
    from minari.data_collector.episode_buffer import EpisodeBuffer

    return EpisodeBuffer(
        id=0,
        observations=observations,
        actions=np.array([0, 2]),
        rewards=[0.0, 1.0],
        terminations=[False, True],
        truncations=[False, False],
        infos=infos,
    )


def foreign(observations, space, infos=None):
    return minari.create_dataset_from_buffers(
        "test/foreign-v0",
        [buffer(observations, infos)],
        observation_space=space,
        action_space=spaces.Discrete(3),
        data_format="arrow",
        **ABOUT,
    )


@pytest.mark.filterwarnings("ignore:.*(eval_env|env_spec).* None")
def test_datasets_of_others():
    box = spaces.Box(-1, 1, (2,), np.float32)
    seen = np.zeros((3, 2), np.float32)
    masks = np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]], np.int8)
    plain = from_minari(foreign(seen, box))
    assert (plain.masks() == 1).all()
    assert plain.steps.tolist() == [0, 1]
    minari.delete_dataset("test/foreign-v0")
    space = spaces.Dict({"observation": box, "action_mask": spaces.MultiBinary(3)})
    masked = from_minari(foreign({"observation": seen, "action_mask": masks}, space))
    assert masked.action_masks.tolist() == masks[:2].tolist()
    assert masked.observations.shape == (2, 2)
    minari.delete_dataset("test/foreign-v0")
    with pytest.raises(ForeignResultsError, match="mail_envs_episode and mail_envs_step"):
        from_minari(foreign(seen, box, {f"{OURS}step": np.zeros((3, 1))}))


def test_mistakes_are_refused():
    own = decisions()
    with pytest.raises(ShapeError, match="at least one, came none"):
        to_minari(own.take(slice(0)), "test/none-v0")
    with pytest.raises(ShapeError, match="action_space: expected"):
        to_minari(own, "test/small-v0", action_space=spaces.Discrete(1))
    with pytest.raises(InvalidOptionError, match="dataset_id: 'a b' was refused"):
        to_minari(own, "a b")
    to_minari(own, "test/once-v0", **ABOUT)
    with pytest.raises(InvalidOptionError, match="dataset_id: 'test/once-v0' was refused"):
        to_minari(own, "test/once-v0", **ABOUT)
