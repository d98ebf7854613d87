"""The best trees of a block of sentences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...types import BoolArray, IntArray
from .eisner import projective_tree
from .mst import max_spanning_tree


def decode_trees(scores: Any, greedy: IntArray, lengths: IntArray, *, projective: bool = False) -> IntArray:
    """The best tree of each sentence. Most often that is the best head of each token, which costs nothing more; a tree
    is searched for only where these are none.

    scores: (batch, n, n + 1), see `max_spanning_tree`. greedy: (batch, n), the best head of each token. lengths:
        (batch,), all > 0. projective: search among projective trees only.
    Returns the heads, (batch, n): 0 for the root, else 1 + the head; 0 for padding.
    """
    heads = np.where(np.arange(greedy.shape[1]) < lengths[:, None], greedy, 0)
    good = are_trees(heads, lengths)
    if projective:
        good[good] = are_projective(heads[good], lengths[good])
    search = projective_tree if projective else max_spanning_tree
    for i in np.flatnonzero(~good).tolist():
        n = int(lengths[i])
        heads[i, :n] = search(scores[i, :n, : n + 1])
    return heads


def are_trees(heads: IntArray, lengths: IntArray) -> BoolArray:
    """Whether heads are trees with exactly one root. heads: (batch, n), 0 for padding. lengths: (batch,). Returns
    (batch,)."""
    batch, n = heads.shape
    one_root: BoolArray = (heads == 0).sum(axis=1) == n - lengths + 1
    ancestors = np.concatenate([np.zeros((batch, 1), dtype=heads.dtype), heads], axis=1)
    for _ in range(n.bit_length()):
        ancestors = np.take_along_axis(ancestors, ancestors, axis=1)
    return one_root & ~ancestors.any(axis=1)


def are_projective(heads: IntArray, lengths: IntArray) -> BoolArray:
    """Whether no two arcs of each tree cross, where the root stands before the sentence. heads: (batch, n). lengths:
    (batch,). Returns (batch,)."""
    places = np.arange(1, heads.shape[1] + 1)
    # Padding has arcs of no length, which cross nothing.
    heads = np.where(places <= lengths[:, None], heads, places)
    low, high = np.minimum(heads, places), np.maximum(heads, places)
    crossing: Any = (
        (low[:, :, None] < low[:, None]) & (low[:, None] < high[:, :, None]) & (high[:, :, None] < high[:, None])
    )
    free: BoolArray = ~crossing.any(axis=(1, 2))
    return free
