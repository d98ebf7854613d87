"""Contextual string embeddings: the states of character language models at the tokens of a text."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from ..types import IntArray
from .char_lm import CharLM
from .char_vocabulary import SEPARATOR, CharIds


class TextPlaces(NamedTuple):
    """A text, and the places of its tokens in it."""

    points: IntArray
    """(n_chars,): its code points."""
    starts: IntArray
    """(n_tokens,): the first character of each token."""
    ends: IntArray
    """(n_tokens,): one past its last character."""


class ContextualStrings(nn.Module):
    """The states of a forward model after the last character of each token, joined with those of a backward model after
    its first (Akbik et al. 2018, sect. 2.2).

    forward_lm, backward_lm: either may be None.
    chunk: the number of characters of a text that are read at once. States are carried on from chunk to chunk, so the
        cost grows linearly with the length, memory stays flat, and the result is that of reading the text whole.
    batch: the number of texts that are read at once.
    """

    def __init__(
        self, forward_lm: Optional[CharLM], backward_lm: Optional[CharLM], *, chunk: int = 256, batch: int = 128
    ):
        super().__init__()
        self.forward_lm, self.backward_lm = forward_lm, backward_lm
        self.chunk, self.batch = chunk, batch
        models = [model for model in (forward_lm, backward_lm) if model is not None]
        self.output_size = sum(model.hidden_size for model in models)

    def forward(self, texts: List[TextPlaces]) -> Tensor:
        """The states at the tokens of all texts, joined, (n_tokens, output_size)."""
        found = []
        if self.forward_lm is not None:
            places = [text.ends for text in texts]
            found.append(self.read(self.forward_lm, [text.points for text in texts], places))
        if self.backward_lm is not None:
            places = [len(text.points) - text.starts for text in texts]
            found.append(self.read(self.backward_lm, [text.points[::-1] for text in texts], places))
        return torch.cat(found, dim=1)

    def read(self, model: CharLM, texts: List[IntArray], places: List[IntArray]) -> Tensor:
        """The states of one model after the first k characters of each text, for each k of its places, (n_places,
        hidden_size), joined. texts: the code points of each; places: (n,) of each."""
        n_places = np.array([len(place) for place in places], dtype=np.int64)
        firsts = np.cumsum(n_places) - n_places
        # A text without places is not read.
        used = [i for i in np.argsort([-len(text) for text in texts], kind="stable").tolist() if n_places[i]]
        rows, states = [np.zeros(0, dtype=np.int64)], [model.output.weight.new_zeros(0, model.hidden_size)]
        for start in range(0, len(used), self.batch):
            part = used[start : start + self.batch]
            ids = [model.vocabulary.encode_points(texts[i]) for i in part]
            column = np.repeat(np.arange(len(part)), n_places[part])
            step = np.concatenate([places[i] for i in part])
            row = np.concatenate([firsts[i] + np.arange(n_places[i]) for i in part])
            for chosen, vectors in self.read_batch(model, ids, step, column):
                rows.append(row[chosen])
                states.append(vectors)
        order = torch.from_numpy(np.argsort(np.concatenate(rows), kind="stable")).to(states[0].device)
        return torch.cat([vectors.to(states[-1].dtype) for vectors in states]).index_select(0, order)

    def read_batch(
        self, model: CharLM, ids: List[CharIds], step: IntArray, column: IntArray
    ) -> Iterator[Tuple[IntArray, Tensor]]:
        """Read texts, the longest first, chunk by chunk. step, column: (n,), where the states are wanted. Yields which
        of these places lie in a chunk, (m,), and the states there, (m, hidden_size)."""
        sizes = np.array([len(text) + 1 for text in ids])  # a separator stands before each
        state = model.start(len(ids))
        for start in range(0, int(sizes[0]), self.chunk):
            active = int((sizes > start).sum())
            steps = min(self.chunk, int(sizes[0]) - start)
            grid = np.full((steps, active), SEPARATOR, dtype=np.int64)
            for i in range(active):
                text = ids[i][max(0, start - 1) : start + steps - 1]
                first = 1 if start == 0 else 0
                grid[first : first + len(text), i] = text
            y, state = model.read(torch.from_numpy(grid).to(state.hidden.device), state.first(active))
            chosen = np.flatnonzero((step >= start) & (step < start + steps))
            cells = (step[chosen] - start) * active + column[chosen]
            yield chosen, y.flatten(0, 1).index_select(0, torch.from_numpy(cells).to(y.device))
