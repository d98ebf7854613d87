"""Linear bags of n-grams, of words or of characters, whose scores are added to those of a recurrent network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ..base.distributed import all_reduce, all_reduce_keys
from ..base.hashing import mix_bits
from ..types import IntArray

_PRIME = np.uint64(0x100000001B3)

# The norm of the vector of n-grams of a text. With much shorter vectors, the weights grow too slowly to matter beside a
# network. Accuracy on 20 Newsgroups (n-grams alone, 2 epochs; the development set is the last eighth of the training
# texts of each group, by date): with POWER 1, norm 8: 88.1, 16: 88.3; with POWER 1.5, norm 8: 88.7, 16: 89.4, 32: 87.9.
NORM = 16.0
# The exponent of the inverse document frequency in the weight of an n-gram, for long texts. As above, with norm 8,
# exponent 0: 85.5, 0.5: 87.2, 1: 88.1, 1.5: 88.7; with norm 16, 2: 89.5.
POWER = 1.5


@dataclass
class Bags:
    """The distinct n-grams of each text of a batch, joined."""

    rows: IntArray
    """(n,): the bucket of each n-gram, which is its row of the table."""
    starts: IntArray
    """(n_texts,): the start of each text in `rows`."""


@dataclass
class WordBags(Bags):
    """The distinct n-grams of characters of each distinct word of a batch, and the distinct words of each text."""

    words: IntArray
    """(n_words,): for each text, joined, the places of its words in `starts`."""
    text_starts: IntArray
    """(n_texts,): the start of each text in `words`."""


def bag_ngrams(
    keys: npt.NDArray[np.uint64], lengths: IntArray, longest: int, buckets: int, *, shortest: int = 1
) -> Bags:
    """Cut texts into n-grams of `shortest` to `longest` tokens and hash them (Weinberger et al. 2009, without signs).

    keys: (n_tokens,), one number for each distinct token, all texts joined; lengths: (n_texts,), zeros allowed.
    """
    texts = np.repeat(np.arange(len(lengths)), lengths)
    ends = np.repeat(np.cumsum(lengths), lengths)
    positions = np.arange(len(keys))
    hashes = mix_bits(keys)
    found = [np.zeros(0, dtype=np.int64)]
    for size in range(1, 1 + min(longest, int(lengths.max(initial=0)))):
        if size >= shortest:
            inside = positions[: len(hashes)] + size <= ends[: len(hashes)]
            rows = (hashes[inside] % np.uint64(buckets)).astype(np.int64)
            found.append(texts[: len(hashes)][inside] * buckets + rows)
        hashes = mix_bits(hashes[:-1] * _PRIME + keys[size:])
    distinct = np.unique(np.concatenate(found))
    owners, rows = np.divmod(distinct, buckets)
    counts = np.bincount(owners, minlength=len(lengths))
    return Bags(rows, np.cumsum(counts) - counts)


class NgramScores(nn.Module):
    """A linear classifier of n-grams: a weight for each n-gram and label, summed over the n-grams of a text. Beside a
    deep network it memorizes what the network generalizes away (Cheng et al. 2016).

    Rare n-grams count more (inverse document frequency, Sparck Jones 1972), by the texts that training has read so far.
    There is no dropout, which cost 1.4 points on 20 Newsgroups. Only the rows that occurred in training are saved; all
    others are zeros.

    buckets: the number of rows of the table; n-grams in the same bucket share its weights.
    output_size: the number of labels.
    power: the exponent of the inverse document frequency in the weight of an n-gram; 0 for equal weights.
    """

    met: Tensor
    n_texts: Tensor

    # Only the rows of a batch have gradients, see `spacy_rnn.shim.rows`.
    sparse = lazy = True

    def __init__(self, buckets: int, output_size: int, power: float = POWER):
        super().__init__()
        self.power = power
        self.weight = nn.Parameter(torch.empty(buckets, output_size))
        self.register_buffer("met", torch.zeros(buckets, dtype=torch.int32))
        self.register_buffer("n_texts", torch.zeros((), dtype=torch.int64))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Zeros, so that an n-gram that did not occur in training has no influence."""
        nn.init.zeros_(self.weight)
        self.met.zero_()
        self.n_texts.zero_()

    def learn(self, bags: Bags) -> None:
        """Count the texts of each n-gram, over all processes that train together."""
        self.count(*np.unique(bags.rows, return_counts=True), len(bags.starts))

    def count(self, rows: IntArray, counts: IntArray, n_texts: int) -> None:
        """Add to the number of texts of each n-gram. rows, counts: (n,), the rows distinct."""
        rows, counts = all_reduce_keys(rows, counts)
        device = self.met.device
        counted = torch.from_numpy(counts).to(device, self.met.dtype)
        self.met.index_add_(0, torch.from_numpy(rows).to(device), counted)
        self.n_texts += int(all_reduce(n_texts))

    def rarity(self, rows: Tensor) -> Tensor:
        """The inverse document frequency of each n-gram, to the power of `power`. (n,) to (n,)."""
        met = self.met[rows]
        # log((n_texts + 2) / (met + 1)), of which the quotient would be rounded to 1 after many millions of texts.
        return torch.log1p((self.n_texts + 1 - met) / (met.float() + 1.0)) ** self.power

    def weigh(self, rows: Tensor, starts: Tensor) -> Tensor:
        """The weight of each n-gram in its text, (n,). Over a text, the squares sum to NORM squared."""
        weights = self.rarity(rows)
        owners = owners_of(rows, starts)
        squares = weights.new_zeros(len(starts)).index_add_(0, owners, weights**2)
        return NORM * weights * squares.rsqrt()[owners]

    def forward(self, rows: Tensor, starts: Tensor) -> Tensor:
        """rows: (n,) int64; starts: (n_texts,) int64; see `Bags`. Returns (n_texts, output_size)."""
        weights = self.weigh(rows, starts)
        return nn.functional.embedding_bag(
            rows, self.weight, starts, mode="sum", per_sample_weights=weights, sparse=self.training
        )

    def _save_to_state_dict(self, destination: Dict[str, Tensor], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "weight"] = destination[prefix + "weight"][self.met > 0]

    def _load_from_state_dict(self, state_dict: Dict[str, Tensor], prefix: str, *args: Any) -> None:
        saved, met = state_dict.get(prefix + "weight"), state_dict.get(prefix + "met")
        if saved is not None and met is not None and met.shape == self.met.shape:
            rows = met > 0
            if saved.shape == (int(rows.sum()), self.weight.shape[1]):
                weight = torch.zeros_like(self.weight)
                if not weight.is_meta:
                    weight[rows.to(weight.device)] = saved.to(weight)
                state_dict[prefix + "weight"] = weight
        super()._load_from_state_dict(state_dict, prefix, *args)


class WordNgramScores(NgramScores):
    """A linear classifier of texts by the characters of their words: a weight for each n-gram of characters and label,
    summed over the n-grams of each word (Bojanowski et al. 2017, sect. 3.2) and over the distinct words of a text, so
    that a word that training did not meet counts by its parts.

    The n-grams of words count as those of texts in `NgramScores`, where a text is a word in a text.
    """

    def learn(self, bags: Bags) -> None:
        """Count the words of each n-gram, in all texts."""
        assert isinstance(bags, WordBags)
        n_texts = np.bincount(bags.words, minlength=len(bags.starts))
        sizes = np.diff(bags.starts, append=len(bags.rows))
        rows, index = np.unique(bags.rows, return_inverse=True)
        counts = np.bincount(index, weights=np.repeat(n_texts, sizes), minlength=len(rows)).astype(np.int64)
        self.count(rows, counts, len(bags.words))

    def forward(  # type: ignore[override]
        self, rows: Tensor, starts: Tensor, words: Tensor, text_starts: Tensor
    ) -> Tensor:
        """int64 tensors, see `WordBags`. Returns (n_texts, output_size)."""
        weights = self.rarity(rows)
        of_words = nn.functional.embedding_bag(
            rows, self.weight, starts, mode="sum", per_sample_weights=weights, sparse=self.training
        )
        squares = weights.new_zeros(len(starts)).index_add_(0, owners_of(rows, starts), weights**2)
        owners = owners_of(words, text_starts)
        scores = of_words.new_zeros(len(text_starts), of_words.shape[1]).index_add(0, owners, of_words[words])
        norms = squares.new_zeros(len(text_starts)).index_add(0, owners, squares[words])
        return NORM * scores * norms.clamp(min=torch.finfo(norms.dtype).tiny).rsqrt().unsqueeze(1)


def owners_of(items: Tensor, starts: Tensor) -> Tensor:
    """The place in `starts` of the bag of each item. items: (n,); starts: (n_bags,). Returns (n,)."""
    return torch.repeat_interleave(torch.diff(starts, append=starts.new_tensor([len(items)])))
