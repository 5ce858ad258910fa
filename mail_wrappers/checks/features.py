"""Checks of feature maps."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from mail_envs.protocols import FeatureMap, FloatArray, Observations, OneHotFeatureMap
from mail_wrappers.checks.contract import require, told
from mail_wrappers.options import check_number
from mail_wrappers.told import check_rows

__all__ = ["check_feature_map"]

Actions = NDArray[np.int64]


def check_feature_map(
    features: FeatureMap | OneHotFeatureMap,
    observations: Observations,
    actions: Actions,
    *,
    tolerance: float = 1e-5,
) -> None:
    """Check that a feature map maps where it is asked.

    A map of vectors answers `(B, d)` finite numbers; one of keys `(B,)` uint64. Either answers
    the same when asked again, and a batch as its rows one by one. Where a map has both, vectors are
    unit vectors, the same for the same key alone, and zero for the key 0.

    Args:
        features: a `FeatureMap`, a `OneHotFeatureMap`, or both.
        observations: `(B, ...)`.
        actions: `(B,)`, legal ones.
        tolerance: how far features may differ between a batch and its rows.

    Raises:
        ContractError: the first promise that is broken, with the row.
    """
    check_number("tolerance", tolerance, low=0)
    check_rows("actions", actions, check_rows("observations", observations))
    dimension = cast("object", getattr(features, "dimension", None))
    whole = isinstance(dimension, int | np.integer) and int(dimension) > 0
    require(whole, "dimension", "a positive whole number", dimension)
    vectors = keys = None
    if isinstance(features, FeatureMap):
        vectors = _check_vectors(features, observations, actions, tolerance)
    if isinstance(features, OneHotFeatureMap):
        keys = _check_keys(features, observations, actions)
    require(
        vectors is not None or keys is not None,
        "feature map",
        "a call or a method keys(observations, actions)",
        type(features).__name__,
    )
    if vectors is not None and keys is not None:
        _check_one_hot(vectors, keys)


def _check_vectors(
    features: FeatureMap, observations: Observations, actions: Actions, tolerance: float
) -> FloatArray:
    def ask(rows: slice, where: str) -> FloatArray:
        with told(where, "features (B, d)"):
            phi = np.array(features(observations[rows], actions[rows]), dtype=np.float64)
        expected = (len(actions[rows]), features.dimension)
        require(phi.shape == expected, where, f"features of shape {expected}", phi.shape)
        require(np.isfinite(phi).all(), where, "finite features", phi[~np.isfinite(phi)][:1])
        return phi

    phi = ask(slice(None), "features")
    again = ask(slice(None), "features, asked again")
    require(np.array_equal(phi, again), "features, asked again", "the same", "others")
    for row in range(len(actions)):
        off = np.abs(ask(slice(row, row + 1), f"features, row {row} alone")[0] - phi[row]).max()
        require(
            off <= tolerance,
            f"features, row {row} alone",
            f"what it gets in a batch within {tolerance:g}",
            f"a difference of {off!r}",
        )
    return phi


def _check_keys(
    features: OneHotFeatureMap, observations: Observations, actions: Actions
) -> NDArray[np.uint64]:
    def ask(rows: slice, where: str) -> NDArray[Any]:
        with told(where, "keys (B,)"):
            keys = np.array(features.keys(observations[rows], actions[rows]))
        kind = f"{keys.dtype} of shape {keys.shape}"
        fits = keys.dtype == np.uint64 and keys.shape == (len(actions[rows]),)
        require(fits, where, f"uint64 of shape {(len(actions[rows]),)}", kind)
        return keys

    keys = ask(slice(None), "keys")
    again = ask(slice(None), "keys, asked again")
    require(np.array_equal(keys, again), "keys, asked again", "the same", "others")
    for row in range(len(actions)):
        where = f"keys, row {row} alone"
        alone = ask(slice(row, row + 1), where)[0]
        require(alone == keys[row], where, f"{keys[row]}, as in a batch", alone)
    distinct = len(set(keys.tolist()) - {0})
    limit = f"at most {features.dimension} keys, the dimension"
    require(distinct <= features.dimension, "keys", limit, distinct)
    return keys


def _check_one_hot(phi: FloatArray, keys: NDArray[np.uint64]) -> None:
    first: dict[int, int] = {}
    for row, key in enumerate(keys.tolist()):
        where, length = f"one-hot features, row {row} of key {key}", float(np.linalg.norm(phi[row]))
        wanted = 0.0 if key == 0 else 1.0
        unit = np.count_nonzero(phi[row]) == wanted and length == wanted
        require(unit, where, "the zero vector" if key == 0 else "a unit vector", f"length {length}")
        like = first.setdefault(key, row)
        equal = np.array_equal(phi[row], phi[like])
        require(equal, where, f"the vector of row {like}, of the same key", "another")
    vectors = {phi[row].tobytes() for row in first.values()}
    require(len(vectors) == len(first), "one-hot features", "another vector for each key", "fewer")
