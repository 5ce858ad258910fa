"""The public doors of `mail_wrappers`: for every public name, what malformed input can enter by.

A door takes two pieces of junk. What a caller's own callback raises is the caller's: the callbacks
here answer with junk, and raise nothing.
"""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gymnasium import spaces

from mail_envs.errors import EpisodeOverError
from mail_wrappers import (
    AgentsVectorEnv,
    CountedExpert,
    Decisions,
    Demonstrations,
    ExpertLabels,
    ExponentialMix,
    FixedHorizon,
    FlatObservation,
    GameReward,
    ImitationReward,
    LinearMix,
    MixedPlay,
    ModelPlayer,
    NoveltyReward,
    PricedReward,
    QueryBudget,
    QueryLog,
    RandomOpening,
    RecordDemonstrations,
    SelfPlayEnv,
    SingleAgentEnv,
    SingleAgentVectorEnv,
    SquaredDistanceReward,
    Transitions,
    VectorExpertLabels,
    VectorFlatObservation,
    VectorMixedPlay,
    VectorPricedReward,
    WeightedSum,
    checks,
    record,
)
from tests.columns import decisions, demonstrations
from tests.junk import (
    BREAKS,
    Answers,
    BrokenRounds,
    BrokenScript,
    BrokenView,
    few,
    rounds,
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
        lambda a, b: RecordDemonstrations(make()).look(a),
        lambda a, b: plays(RecordDemonstrations(make())).look(a),
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


CHECKS = {
    "Accounts": [lambda a, b: checks.Accounts(a, b, a)],
    "ContractError": [lambda a, b: (str(checks.ContractError(a)), b)],
    "check_budget": [
        lambda a, b: checks.check_budget(a, seed=b),
        lambda a, b: checks.check_budget(Answers(a)),
        lambda a, b: checks.check_budget(QueryBudget, seed=a),
    ],
    "check_demonstrations": [
        checks.check_demonstrations,
        lambda a, b: checks.check_demonstrations(demonstrations(), a),
        lambda a, b: checks.check_demonstrations(demonstrations(), script(), most_rows=a),
        lambda a, b: checks.check_demonstrations(demonstrations(nested=False), rounds()),
    ],
    "check_expert": [
        lambda a, b: checks.check_expert(a, script(), "a", positions=2),
        lambda a, b: checks.check_expert(Answers(a), script(), "a", positions=1),
        lambda a, b: checks.check_expert(uniform, a, b),
        lambda a, b: checks.check_expert(uniform, script(), "a", positions=few(a), seed=b),
        lambda a, b: checks.check_expert(uniform, script(), a, positions=2, scores=b),
        *each(
            BREAKS,
            lambda word, a, b: checks.check_expert(uniform, BrokenScript(word, a), "a"),
        ),
    ],
    "check_feature_map": [
        lambda a, b: checks.check_feature_map(a, np.zeros((2, 3)), np.array([0, 1])),
        lambda a, b: checks.check_feature_map(Answers(a), np.zeros((2, 3)), np.array([0, 1])),
        lambda a, b: checks.check_feature_map(Answers(np.zeros((2, 3))), a, b),
        lambda a, b: checks.check_feature_map(
            Answers(a), np.zeros((2, 3)), np.array([0, 1]), tolerance=b
        ),
    ],
    "check_multi_agent_env": [
        lambda a, b: checks.check_multi_agent_env(a),
        lambda a, b: checks.check_multi_agent_env(script(), episodes=few(a), most_steps=few(b)),
        lambda a, b: checks.check_multi_agent_env(rounds(), seed=a),
        *each(BREAKS, lambda word, a, b: checks.check_multi_agent_env(BrokenScript(word, a))),
        *each(BREAKS, lambda word, a, b: checks.check_multi_agent_env(BrokenRounds(word, a))),
    ],
    "check_policy": [
        lambda a, b: checks.check_policy(a, np.zeros((2, 3)), np.ones((2, 3), np.int8)),
        lambda a, b: checks.check_policy(Answers(a), np.zeros((2, 3)), np.ones((2, 3), np.int8)),
        lambda a, b: checks.check_policy(uniform, a, b),
        lambda a, b: checks.check_policy(
            uniform, np.zeros((2, 3)), np.ones((2, 3), np.int8), tolerance=a, who=b
        ),
    ],
    "check_returns": [
        lambda a, b: checks.check_returns(a, script(), "a", episodes=1),
        lambda a, b: checks.check_returns(Answers(a), script(), "a", episodes=1),
        lambda a, b: checks.check_returns(SingleAgentEnv, a, b, episodes=1),
        lambda a, b: checks.check_returns(SingleAgentEnv, script(), "a", a, episodes=few(b)),
        lambda a, b: checks.check_returns(
            SingleAgentEnv, script(), "a", episodes=1, most_steps=few(a), seconds=b
        ),
        lambda a, b: checks.check_returns(SingleAgentEnv, rounds(), "a", episodes=1, seed=a),
    ],
    "check_view": [
        lambda a, b: checks.check_view(a),
        lambda a, b: checks.check_view(view(), episodes=few(a), most_steps=few(b)),
        lambda a, b: checks.check_view(view(), seed=a),
        *each(BREAKS, lambda word, a, b: checks.check_view(BrokenView(word, a), most_steps=3)),
    ],
    "check_wrapper": [
        lambda a, b: checks.check_wrapper(a, view, episodes=1),
        lambda a, b: checks.check_wrapper(FlatObservation, a, episodes=1),
        lambda a, b: checks.check_wrapper(Answers(a), Answers(b), episodes=1),
        lambda a, b: checks.check_wrapper(
            FlatObservation, view, changes=a, episodes=few(b), most_steps=2
        ),
        lambda a, b: checks.check_wrapper(
            FlatObservation, view, changes=["observation"], seed=a, most_steps=few(b)
        ),
    ],
}

DOORS = {
    "AgentsVectorEnv": [
        lambda a, b: AgentsVectorEnv(a),
        lambda a, b: AgentsVectorEnv(rounds()).step(a),
        lambda a, b: plays(AgentsVectorEnv(rounds()), a, b),
        lambda a, b: plays(AgentsVectorEnv(rounds()), seed=a, options=b),
        *each(BREAKS, lambda word, a, b: plays(AgentsVectorEnv(BrokenRounds(word, a)), [0, 0])),
    ],
    "CountedExpert": [
        CountedExpert,
        lambda a, b: CountedExpert(uniform, QueryBudget(), name=a, agent=b),
        CountedExpert(uniform, QueryBudget()),
        lambda a, b: CountedExpert(uniform, QueryBudget(1)).ask(a, b),
        lambda a, b: CountedExpert(Answers(a), QueryBudget())(np.zeros((2, 3)), b),
    ],
    "Decisions": [
        *each(COLUMNS, lambda name, a, b: uses(Decisions(**decisions().columns() | {name: a}))),
        lambda a, b: uses(Decisions(a, b, a, b)),
        lambda a, b: decisions().take(a),
        lambda a, b: decisions().where(a),
        lambda a, b: decisions().where(Answers(a)),
        lambda a, b: decisions().first(a),
        lambda a, b: decisions().sample(a, rng=b),
        lambda a, b: decisions().labelled(a),
        lambda a, b: decisions().labelled(Answers(a)),
        lambda a, b: Decisions.merged(a),
        lambda a, b: Decisions.merged([decisions(), a]),
    ],
    "Demonstrations": [
        lambda a, b: Demonstrations(a),
        lambda a, b: Demonstrations({"a": a}),
        lambda a, b: demonstrations().of(a),
        lambda a, b: demonstrations().take(a),
        lambda a, b: demonstrations().take({"a": a}),
        lambda a, b: demonstrations().first(a),
        lambda a, b: demonstrations().where(a),
        lambda a, b: demonstrations().where(Answers(a)),
        lambda a, b: demonstrations().split(a, rng=RNG),
        lambda a, b: demonstrations().split(0.5, rng=a),
        lambda a, b: demonstrations().sample(a, rng=RNG),
        lambda a, b: demonstrations().sample(1, rng=a),
        lambda a, b: demonstrations().labelled(a),
        lambda a, b: demonstrations().labelled({"a": a, "b": b}),
        lambda a, b: demonstrations().labelled(dict.fromkeys("ab", Answers(a))),
        lambda a, b: Demonstrations.merged(a),
        lambda a, b: Demonstrations.merged([demonstrations(), a], renumber=b),
        lambda a, b: Demonstrations.load(a),
        lambda a, b: Demonstrations.recover(a),
        lambda a, b: in_folder(lambda folder: demonstrations().save(inside(folder, a))),
        *each(range(9), lambda place, a, b: altered(place, a, Demonstrations.load)),
        *each(range(9), lambda place, a, b: altered(place, a, Demonstrations.recover)),
    ],
    "ExpertLabels": [
        *wrappers(lambda env: ExpertLabels(env, uniform, QueryBudget())),
        lambda a, b: ExpertLabels(view(), a, b),
        lambda a, b: asked(uniform, when=a, kind=b),
        lambda a, b: asked(uniform, spent=a, agent=b),
        *each(
            ["distribution", "action", "scores"],
            lambda kind, a, b: plays(asked(Answers(a), kind=kind), 0),
        ),
        lambda a, b: after(asked(a, when="demand"), ExpertLabels.label),
        lambda a, b: (asked(uniform, when="demand").label(), a),
    ],
    "ExponentialMix": [
        lambda a, b: ExponentialMix(a)(b),
        lambda a, b: ExponentialMix(0.5)(a),
    ],
    "FixedHorizon": [
        *views(lambda: horizon(view())),
        FixedHorizon,
        lambda a, b: FixedHorizon(FlatObservation(view()), a),
        lambda a, b: plays(horizon(view()), 0, 0, a),
        lambda a, b: horizon(view()).unflatten(a),
        lambda a, b: horizon(view()).is_absorbing(a),
        *each(
            BREAKS,
            lambda word, a, b: plays(FixedHorizon(BrokenView(word, a, flat=True), 3), 0).env,
        ),
    ],
    "FlatObservation": [
        *wrappers(FlatObservation),
        lambda a, b: FlatObservation(view()).unflatten(a),
        lambda a, b: FlatObservation(view()).observation(a),
    ],
    "GameReward": prices(GameReward),
    "ImitationReward": [
        *prices(source),
        ImitationReward,
        lambda a, b: source(agreement=a, floor=b),
        lambda a, b: source(agreement="log", floor=a).price(transitions()),
        lambda a, b: ImitationReward(Answers(a), QueryBudget()).price(transitions()),
    ],
    "LinearMix": [
        lambda a, b: LinearMix(a, start=b),
        lambda a, b: LinearMix(2, end=a)(b),
        lambda a, b: LinearMix(2)(a),
    ],
    "MixedPlay": [
        *wrappers(lambda env: MixedPlay(env, uniform, QueryBudget(), 0.5)),
        mixed,
        lambda a, b: mixed(uniform, drawn=a, spent=b),
        lambda a, b: mixed(uniform, a, agent=b),
        lambda a, b: plays(mixed(Answers(a)), b),
        lambda a, b: plays(mixed(uniform, Answers(a)), 0),
    ],
    "ModelPlayer": [
        lambda a, b: ModelPlayer(a, deterministic=b),
        lambda a, b: plays(SingleAgentEnv(script(), "b", ModelPlayer(Answers(a))), 0),
        lambda a, b: plays(SingleAgentEnv(rounds(), "b", ModelPlayer(Answers((a, b)))), 0),
        lambda a, b: plays(
            SingleAgentVectorEnv(script, 2, "b", ModelPlayer(Answers((a, None)))), [0, 0]
        ),
        lambda a, b: ModelPlayer(Answers((0, None))).answer(a),
        lambda a, b: ModelPlayer(Answers((0, None))).answer([a]),
    ],
    "NoveltyReward": [
        *prices(lambda: NoveltyReward.over(features, ridge=1.0, dimension=2)),
        NoveltyReward,
        lambda a, b: NoveltyReward.over(a, ridge=1.0),
        lambda a, b: NoveltyReward.over(features, ridge=a, dimension=few(b, 9)),
        lambda a, b: NoveltyReward.over(Answers(a), ridge=1.0).price(transitions()),
        lambda a, b: NoveltyReward.over(Answers(a), ridge=1.0, dimension=2).visited(
            np.zeros((2, 3)), np.zeros(2, np.int64)
        ),
        lambda a, b: NoveltyReward.over(features, ridge=1.0, dimension=2).visited(a, b),
        lambda a, b: NoveltyReward.over(features, ridge=1.0, dimension=2).doubled(a),
        lambda a, b: NoveltyReward.over(features, ridge=1.0, dimension=2).price_actions(a, few(b)),
    ],
    "PricedReward": [
        *wrappers(lambda env: PricedReward(env, source())),
        lambda a, b: PricedReward(view(), a, spent=b),
        lambda a, b: plays(PricedReward(view(), Answers(a)), b),
        lambda a, b: PricedReward(view(), GameReward()).renew(a),
        lambda a, b: PricedReward(view(), GameReward(), spent=a),
    ],
    "QueryBudget": [
        lambda a, b: QueryBudget(a, cost=b),
        lambda a, b: QueryBudget(log=a).reserve(b),
        lambda a, b: QueryBudget(3).reserve(1, purpose=a, cost=b),
        lambda a, b: QueryBudget(3).reserve(1, episode=a, step=b),
        lambda a, b: QueryBudget(cost={"a": 1}).reserve(a, agent=b),
        lambda a, b: QueryBudget(cost={"a": a}).cost_of(b),
        lambda a, b: QueryBudget(3).affordable(agent=a, cost=b),
    ],
    "QueryLog": [
        lambda a, b: len(QueryLog(a, b, a, b, a, b)),
        *each(
            ["agent", "episode", "step", "purpose", "questions", "cost", "dropped"],
            lambda word, a, b: len(log_of(word, a)),
        ),
        lambda a, b: in_folder(lambda folder: log_of("dropped", 0).save(inside(folder, a))),
        lambda a, b: in_folder(lambda folder: log_of("agent", a).save(folder / "log.csv")),
    ],
    "RandomOpening": [
        lambda a, b: RandomOpening(a, 1, rng=b),
        lambda a, b: plays(RandomOpening(script(), a, rng=RNG)),
        lambda a, b: RandomOpening(script(), 2, rng=a),
        lambda a, b: plays(RandomOpening(script(), 1, rng=RNG), a),
        lambda a, b: plays(RandomOpening(script(), 1, rng=RNG), seed=a, options=b),
        *each(BREAKS, lambda word, a, b: plays(RandomOpening(BrokenScript(word, a), 3, rng=RNG))),
    ],
    "RecordDemonstrations": [
        RecordDemonstrations,
        *recorder(script),
        *recorder(rounds),
        noted,
        lambda a, b: plays(RecordDemonstrations(rounds()), {"a": a, "b": b}),
        *each(BREAKS, lambda word, a, b: plays(RecordDemonstrations(BrokenScript(word, a)), 0)),
        *each(
            BREAKS,
            lambda word, a, b: plays(RecordDemonstrations(BrokenRounds(word, a)), {"a": 0, "b": 0}),
        ),
    ],
    "RewardSource": [
        lambda a, b: plays(PricedReward(view(), Answers(a)), 0),
        lambda a, b: plays(VectorPricedReward(vector(), Answers(a)), [0, 0]),
        lambda a, b: WeightedSum({Answers(a): 1.0}).price(transitions()),
    ],
    "SelfPlayEnv": [
        SelfPlayEnv,
        *views(lambda: SelfPlayEnv(script())),
        follows,
        lambda a, b: SelfPlayEnv(script(), others=a, illegal_action=b),
        lambda a, b: after(SelfPlayEnv(rounds()), lambda env: env.follow({"a": a, "b": b})),
    ],
    "SingleAgentEnv": [
        SingleAgentEnv,
        *views(view),
        *views(lambda: SingleAgentEnv(rounds(), "a", illegal_action="raise")),
        lambda a, b: SingleAgentEnv(script(), a, b),
        lambda a, b: SingleAgentEnv(script(), "a", illegal_action=a, illegal_reward=b),
        lambda a, b: plays(SingleAgentEnv(script(), "b", a), 0),
        lambda a, b: plays(SingleAgentEnv(rounds(), "b", {"a": a}), 0),
        lambda a, b: plays(SingleAgentEnv(rounds(), "b", Answers(a)), 0),
        lambda a, b: SingleAgentEnv(script(), "a").expert(a),
        *each(WIDE, lambda space, a, b: plays(SingleAgentEnv(rounds(a=space), "a"), a)),
        *each(WIDE, lambda s, a, b: plays(SingleAgentEnv(rounds(b=s), "a", Answers((a, b))), 0)),
        *each(BREAKS, lambda word, a, b: plays(SingleAgentEnv(BrokenScript(word, a), "b"), 0)),
        *each(
            BREAKS,
            lambda word, a, b: plays(SingleAgentEnv(BrokenScript(word, a), "b", uniform), 0),
        ),
        *each(BREAKS, lambda word, a, b: plays(SingleAgentEnv(BrokenRounds(word, a), "b"), 0)),
    ],
    "SingleAgentVectorEnv": [
        lambda a, b: SingleAgentVectorEnv(a, few(b), "a"),
        lambda a, b: SingleAgentVectorEnv(script, few(a), b),
        lambda a, b: SingleAgentVectorEnv([script, a], 2, "a", b),
        lambda a, b: SingleAgentVectorEnv(script, 2, "a", autoreset_mode=a, illegal_reward=b),
        lambda a, b: plays(SingleAgentVectorEnv(script, 2, "a", a), [0, 0]),
        lambda a, b: plays(SingleAgentVectorEnv(script, 2, "a"), a, b),
        lambda a, b: SingleAgentVectorEnv(script, 2, "a").step(a),
        lambda a, b: plays(SingleAgentVectorEnv(script, 2, "a"), seed=a, options=b),
        lambda a, b: plays(SingleAgentVectorEnv(script, 2, "a"), seed=[a, b]),
        *each(
            BREAKS,
            lambda word, a, b: plays(
                SingleAgentVectorEnv(lambda: BrokenScript(word, a), 2, "b"), [0, 0]
            ),
        ),
    ],
    "SquaredDistanceReward": [
        *prices(lambda: SquaredDistanceReward(uniform, uniform, QueryBudget())),
        lambda a, b: SquaredDistanceReward(a, uniform, b),
        lambda a, b: SquaredDistanceReward(uniform, a, QueryBudget()),
        lambda a, b: SquaredDistanceReward(Answers(a), uniform, QueryBudget()).price(transitions()),
    ],
    "Transitions": [
        lambda a, b: Transitions(a, b, a, b).answer(a),
        lambda a, b: transitions(answers=a).answer(b),
    ],
    "VectorExpertLabels": [
        *vector_wrappers(lambda env: VectorExpertLabels(env, uniform, QueryBudget())),
        lambda a, b: VectorExpertLabels(vector(), a, b),
        lambda a, b: VectorExpertLabels(vector(), uniform, QueryBudget(), when=a, kind=b),
        lambda a, b: plays(VectorExpertLabels(vector(), Answers(a), QueryBudget()), [0, 0]),
        lambda a, b: after(
            VectorExpertLabels(vector(), uniform, QueryBudget(), when="demand"),
            lambda env: env.label(a),
        ),
    ],
    "VectorFlatObservation": [
        *vector_wrappers(VectorFlatObservation),
        lambda a, b: VectorFlatObservation(vector()).unflatten(a),
    ],
    "VectorMixedPlay": [
        *vector_wrappers(lambda env: VectorMixedPlay(env, uniform, QueryBudget(), 0.5)),
        lambda a, b: VectorMixedPlay(vector(), uniform, QueryBudget(), a, drawn=b),
        lambda a, b: VectorMixedPlay(vector(), a, b, 0.5),
        lambda a, b: plays(VectorMixedPlay(vector(), Answers(a), QueryBudget(), 1.0), [0, 0]),
        lambda a, b: plays(VectorMixedPlay(vector(), uniform, QueryBudget(), Answers(a)), [0, 0]),
    ],
    "VectorPricedReward": [
        *vector_wrappers(lambda env: VectorPricedReward(env, source())),
        lambda a, b: VectorPricedReward(vector(), a, spent=b),
        lambda a, b: plays(VectorPricedReward(vector(), Answers(a)), [0, 0]),
        lambda a, b: VectorPricedReward(vector(), GameReward()).renew(a),
    ],
    "WeightedSum": [
        *prices(lambda: WeightedSum({GameReward(): 1.0, source(): 0.5})),
        lambda a, b: WeightedSum(a),
        lambda a, b: WeightedSum([(a, b)]),
        lambda a, b: WeightedSum({GameReward(): a}),
    ],
    "record": [
        lambda a, b: records(a, "random"),
        lambda a, b: records(script, a),
        lambda a, b: records(script, {"a": a, "b": b}),
        lambda a, b: records(Answers(a), b),
        lambda a, b: records(rounds, Answers(a)),
        lambda a, b: records(script, "random", episodes=few(a), seed=b),
        lambda a, b: records(script, "random", batch=few(a), workers=min(b, 1) if b == 1 else 0),
        lambda a, b: in_folder(
            lambda folder: records(script, "random", to=inside(folder, a), resume=b)
        ),
        *each(BREAKS, lambda word, a, b: records(BrokenScript(word, a), "random")),
        *each(BREAKS, lambda word, a, b: records(BrokenRounds(word, a), "random")),
    ],
} | {f"checks.{name}": doors for name, doors in CHECKS.items()}
