"""What doors are made of: plays, uses, and junk columns."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gymnasium import spaces

from mail_envs.errors import EpisodeOverError
from mail_wrappers import (
    Decisions,
    Demonstrations,
    ExpertLabels,
    FixedHorizon,
    FlatObservation,
    ImitationReward,
    MixedPlay,
    QueryBudget,
    QueryLog,
    RecordDemonstrations,
    SelfPlayEnv,
    Transitions,
    record,
)
from tests.columns import demonstrations
from tests.junk import (
    BREAKS,
    BrokenView,
    script,
    uniform,
    vector,
    view,
)

WIDE = [
    spaces.Box(-1, 1, (2,), np.float32),
    spaces.MultiDiscrete([2, 3]),
    spaces.Dict({"x": spaces.Discrete(2)}),
    spaces.Tuple([spaces.Discrete(2), spaces.MultiBinary(2)]),
]
RNG = np.random.default_rng(0)
COLUMNS = tuple(Decisions.__dataclass_fields__)


def plays(env, *actions, seed=0, options=None):
    """Reset, and play the actions until the end."""
    env.reset(seed=seed, options=options)
    with suppress(EpisodeOverError):
        for action in actions:
            env.step(action)
    return env


def each(words, make):
    """A door for every word."""
    return [lambda a, b, word=word: make(word, a, b) for word in words]


def uses(table):
    """Everything that can be asked of decisions."""
    list(table.trajectories())
    table.first(1).checksum()
    both = Demonstrations({"a": table, "b": Decisions.merged([table, table])})
    if len(table) > 3:
        both.split(0.5, rng=RNG)[0].sample(1, rng=RNG)
    both.order()
    return both.checksum()


def in_folder(use):
    """Use a path in a new folder."""
    with TemporaryDirectory() as folder:
        return use(Path(folder))


def inside(folder, junk):
    """A path below the folder where junk is text."""
    return f"{folder}/{junk}" if isinstance(junk, str) else junk


def altered(name, junk, use):
    """A store with a junk file, loaded."""

    def load(folder):
        demonstrations((3, 2)).save(folder / "store")
        files = sorted(path for path in (folder / "store").iterdir() if path.is_file())
        path = files[name % len(files)]
        path.write_bytes(junk if isinstance(junk, bytes) else repr(junk).encode(errors="replace"))
        uses(use(folder / "store").of("a"))

    in_folder(load)


def transitions(**other):
    """Two transitions with some column replaced."""
    columns = {
        "observations": np.zeros((2, 3)),
        "action_masks": np.ones((2, 3), np.int8),
        "actions": np.array([0, 1]),
        "rewards": np.zeros(2),
    }
    return Transitions(**{**columns, **other})


FIELDS = Transitions._fields


def features(observations, actions):
    return np.ones((len(observations), 2))


def source(**words):
    return ImitationReward(uniform, QueryBudget(), **words)


def log_of(word, junk):
    """A query log with one column replaced."""
    numbers = dict.fromkeys(["episode", "step", "questions", "cost"], np.zeros(2, np.int64))
    texts = dict.fromkeys(["agent", "purpose"], np.array(["a", "b"]))
    return QueryLog(**{**numbers, **texts, word: junk})


def prices(make):
    """The doors of a reward source: junk columns, and junk for transitions."""
    return [
        lambda a, b: make().price(a),
        *each(FIELDS, lambda word, a, b: make().price(transitions(**{word: a}))),
        lambda a, b: make().price(Transitions(a, b, a, b)),
    ]


def records(env, policies, **words):
    given = {"episodes": 1, "seed": 0} | words
    return record(env, policies, **given)


def recorder(make):
    """The doors of a recorder of either kind."""
    return [
        lambda a, b: plays(RecordDemonstrations(make(), a, experts=b), 0),
        lambda a, b: plays(RecordDemonstrations(make(), experts={"a": a, "b": b}), 0),
        lambda a, b: plays(RecordDemonstrations(make()), a, b),
        lambda a, b: RecordDemonstrations(make(), noted=True).note(a, b),
        lambda a, b: RecordDemonstrations(make(), noted=a, fsync=b),
        lambda a, b: RecordDemonstrations(make()).step(a),
        lambda a, b: plays(RecordDemonstrations(make()), seed=a, options=b),
        lambda a, b: in_folder(
            lambda folder: RecordDemonstrations(make(), to=inside(folder, a), resume=b).close()
        ),
    ]


def noted(a, b):
    env = plays(RecordDemonstrations(script(), noted=True))
    env.note("a", a)
    env.step(0)
    return env.demonstrations


def views(make):
    """What every single-agent environment takes: resets and steps."""
    return [
        lambda a, b: make().step(a),
        lambda a, b: plays(make(), a, b),
        lambda a, b: plays(make(), 0, 0, 0, a),
        lambda a, b: plays(make(), seed=a),
        lambda a, b: plays(make(), options=a),
        lambda a, b: (make().action_masks(), a),
    ]


def wrappers(make):
    """What wrappers of single-agent environments take, broken ones too."""
    return [
        *views(lambda: make(view())),
        lambda a, b: make(a),
        *each(BREAKS, lambda word, a, b: plays(make(BrokenView(word, a)), 0)),
    ]


def vector_wrappers(make):
    """What wrappers of vector environments take."""
    return [
        lambda a, b: make(a),
        lambda a, b: make(vector()).step(a),
        lambda a, b: plays(make(vector()), a, b),
        lambda a, b: plays(make(vector()), [0, 1], a),
        lambda a, b: plays(make(vector()), seed=a),
        lambda a, b: plays(make(vector()), options=a),
        lambda a, b: plays(make(vector()), seed=[a, b]),
        lambda a, b: plays(make(vector()), options={"reset_mask": a}),
        lambda a, b: (make(vector()).action_masks(), a),
    ]


def asked(expert, budget=None, **words):
    return ExpertLabels(view(), expert, budget or QueryBudget(), **words)


def mixed(expert, beta=1.0, **words):
    return MixedPlay(view(), expert, QueryBudget(), beta, **words)


def horizon(env):
    return FixedHorizon(FlatObservation(env), 3)


def follows(a, b):
    env = SelfPlayEnv(script())
    env.follow(a, deterministic=b)
    return plays(env, 0, 0)


def after(env, use):
    """Use an environment after its reset."""
    return use(plays(env))
