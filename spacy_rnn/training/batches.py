"""Which examples each process gets at each step, and finding the place again where a training was ended."""

import random
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

from spacy.language import Language
from spacy.training import Example

from ..errors import CorpusError, Errors

Batch = List[Example]
Starts = Dict[int, Any]
# What stands for an epoch before the first: the reading of the corpus, which may draw numbers to change it.
READING = -1


class Batches:
    """The batches of all epochs, as `spacy train` makes them, `workers` of them at each step.

    starts: states of Python's random numbers before the corpus was read, and at the beginning of those epochs before
        which something else than shuffling drew some: all that is needed to make the same batches again.
    """

    def __init__(
        self,
        nlp: Language,
        corpus: Callable[[Language], Iterable[Example]],
        batcher: Callable[[Iterable[Example]], Iterable[Batch]],
        max_epochs: int,
        workers: int,
        starts: Starts,
    ):
        self._nlp, self._corpus, self._batcher = nlp, corpus, batcher
        self._max_epochs, self._workers, self.starts = max_epochs, workers, starts

    def __iter__(self) -> Iterator[Tuple[int, List[Batch]]]:
        """An epoch and the batch of each process."""
        if READING in self.starts:  # loading a checkpoint may have drawn some
            random.setstate(self.starts[READING])
        self.starts[READING] = random.getstate()
        examples: List[Example] = []
        if self._max_epochs >= 0:
            examples = list(self._corpus(self._nlp))
            if not examples:
                raise CorpusError(Errors.D189)
        # Several processes draw numbers of their own from the common generator, and must shuffle alike.
        numbers: Any = random if self._workers == 1 else random.Random()
        if self._workers > 1:
            numbers.setstate(random.getstate())
        epoch, left = 0, None
        while self._max_epochs < 1 or epoch != self._max_epochs:
            if epoch in self.starts:
                numbers.setstate(self.starts[epoch])
            elif left is not None and numbers.getstate() != left:
                self.starts[epoch] = numbers.getstate()
            if self._max_epochs >= 0:
                numbers.shuffle(examples)
            left = numbers.getstate()
            source = examples if self._max_epochs >= 0 else self._corpus(self._nlp)
            for shares in self._deal(self._batcher(source)):
                yield epoch, shares
            epoch += 1

    def _deal(self, batches: Iterable[Batch]) -> Iterator[List[Batch]]:
        shares: List[Batch] = []
        for batch in batches:
            shares.append(list(batch))
            if len(shares) == self._workers:
                yield from self._complete(shares)
                shares = []
        if shares:
            yield from self._complete(shares)

    def _complete(self, shares: List[Batch]) -> Iterator[List[Batch]]:
        """The last batches of an epoch may be too few, and a batch without a single token would leave a process with
        nothing to do while the others wait for it: then all examples are dealt anew. What is not enough for everybody
        is left out."""
        if self._workers > 1 and (len(shares) < self._workers or not all(map(has_tokens, shares))):
            shares = deal([example for share in shares for example in share], self._workers)
        if self._workers == 1 or all(map(has_tokens, shares)):
            yield shares


def has_tokens(examples: Sequence[Example]) -> bool:
    return any(len(example.predicted) for example in examples)


def deal(examples: Batch, n: int) -> List[Batch]:
    """In n parts, the longest documents one to each."""
    by_length = sorted(examples, key=lambda example: -len(example.predicted))
    return [by_length[i::n] for i in range(n)]


def subdivide(shares: List[Batch], rank: int, accumulate: int) -> List[Batch]:
    """The parts of a process's share whose gradients are added up, as many in each process."""
    most = min(sum(len(example.predicted) > 0 for example in share) for share in shares)
    return deal(shares[rank], min(accumulate, most)) if accumulate > 1 else [shares[rank]]
