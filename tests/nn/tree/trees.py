"""Random trees, and recursive networks that take one node after the other, in numpy."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import numpy as np
import torch
from hypothesis import strategies as st

from spacy_rnn.nn.tree.cells import TreeLayer


@st.composite
def forests(draw: st.DrawFn, max_nodes: int = 14) -> np.ndarray:
    """Heads of up to a few trees, projective or not: any node may hang from any other, roots from themselves."""
    n = draw(st.integers(0, max_nodes))
    rank = draw(st.permutations(range(n)))
    heads = np.zeros(n, dtype=np.int64)
    for i, node in enumerate(rank):
        # A head comes earlier in some order, so that there is no cycle.
        heads[node] = node if i == 0 else draw(st.sampled_from([node, *rank[:i], rank[0]]))
    return heads


def chain(n: int) -> np.ndarray:
    """Each node hangs from the next; the last is the root."""
    return np.minimum(np.arange(n) + 1, n - 1)


def children_of(heads: np.ndarray, node: int) -> List[int]:
    return [child for child in range(len(heads)) if heads[child] == node and child != node]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def recurse(
    layer: TreeLayer,
    x: np.ndarray,
    heads: np.ndarray,
    labels: Optional[np.ndarray] = None,
    relations: Optional[np.ndarray] = None,
    *,
    upward: bool = True,
) -> np.ndarray:
    """Hidden states (n, width) by recursion, one node after the other. x: (n, input_size); labels: (n, label_size)
    vectors; relations: (n,) matrix of the edge between each node and its head."""
    weights = {name: tensor.detach().numpy() for name, tensor in layer.named_parameters()}
    width = layer.hidden_size
    projected = x @ weights["input.weight"].T + weights["input.bias"]
    if labels is not None:
        projected = projected + labels @ weights["label.weight"].T
    states: Dict[int, Any] = {}

    def waits_for(node: int) -> List[int]:
        if upward:
            return children_of(heads, node)
        return [] if heads[node] == node else [int(heads[node])]

    def state(node: int) -> Any:
        if node not in states:
            edges = [child if upward else node for child in waits_for(node)]
            kinds = [0 if relations is None else int(relations[edge]) for edge in edges]
            states[node] = one_node(layer, weights, projected[node], [state(k) for k in waits_for(node)], kinds)
        return states[node]

    found = [state(node)[0] for node in range(len(heads))]
    return np.stack(found) if found else np.zeros((0, width))


def one_node(layer: TreeLayer, weights: Dict[str, np.ndarray], a: np.ndarray, children: List, kinds: List[int]) -> Any:
    """The states (h, c) of one node from its projected input and its children's states."""
    width, U = layer.hidden_size, weights["recurrent"]
    share = np.ones(len(children))
    if layer.attention and children:
        scores = np.array([h @ a[-width:] for h, _ in children]) / np.sqrt(width)
        share = np.exp(scores) / np.exp(scores).sum()
    s = sum((weight * h for weight, (h, _) in zip(share, children)), np.zeros(width))
    gate = [slice(i * width, (i + 1) * width) for i in range(4)]
    if layer.cell == "lstm":
        i, o, u = (a[g] + U[g] @ s for g in gate[:3])
        c = sigmoid(i) * np.tanh(u)
        for h_k, c_k in children:
            c = c + sigmoid(a[gate[3]] + U[gate[3]] @ h_k) * c_k
        return sigmoid(o) * np.tanh(c), c
    if layer.cell == "gru":
        z, r = sigmoid(a[gate[0]] + U[gate[0]] @ s), sigmoid(a[gate[1]] + U[gate[1]] @ s)
        u = np.tanh(a[gate[2]] + r * (U[gate[2]] @ s))
        return (1 - z) * u + z * s, None
    total = a[:width]
    for weight, (h_k, _), kind in zip(share, children, kinds):
        matrix = U + (weights["by_relation"][kind] if kind else 0.0)
        total = total + weight * (matrix @ h_k)
    return (np.tanh(total) if layer.cell == "rnn_tanh" else np.maximum(total, 0.0)), None


def random_weights(module: torch.nn.Module, scale: float = 0.5) -> torch.nn.Module:
    """The module in double precision, all of its weights drawn anew."""
    generator = torch.Generator().manual_seed(0)
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, scale, generator=generator)
    return module
