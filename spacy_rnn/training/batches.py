"""The examples of each process at each step, and finding the place again at which a training ended."""

import random
from typing import Any, Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

from spacy.language import Language
from spacy.training import Example

from ..data.noise import in_epoch
from ..errors import CorpusError, Errors

Batch = List[Example]
Starts = Dict[int, Any]
# Stands for an epoch before the first: reading the corpus, which may draw random numbers to change it.
READING = -1


class Batches:
    """The batches of all epochs, as `spacy train` makes them, `workers` of them at each step.

    starts: states of Python's random numbers before the corpus was read, and at the start of each epoch before which
        something other than shuffling drew any. They are all that is needed to make the same batches again.
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
        """The epoch and the batch of each process, step by step. Raises CorpusError for an empty corpus."""
        if READING in self.starts:  # loading the checkpoint may have drawn numbers
            random.setstate(self.starts[READING])
        self.starts[READING] = random.getstate()
        examples: List[Example] = []
        if self._max_epochs >= 0:
            examples = list(self._corpus(self._nlp))
            if not examples:
                raise CorpusError(Errors.D189)
        # Each of several processes draws its own numbers from the common generator, but all must shuffle alike.
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
            read = self._max_epochs < 0
            source = self._corpus(self._nlp) if read else in_epoch(self._nlp, examples, epoch)
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
        """Too few batches at the end of an epoch, or one without tokens, would leave a process with nothing to do while
        the others wait for it. Their examples are dealt anew, and left out if they are too few for that."""
        if self._workers > 1 and (len(shares) < self._workers or not all(map(has_tokens, shares))):
            shares = deal([example for share in shares for example in share], self._workers)
        if self._workers == 1 or all(map(has_tokens, shares)):
            yield shares


def has_tokens(examples: Sequence[Example]) -> bool:
    return any(len(example.predicted) for example in examples)


def deal(examples: Batch, n: int) -> List[Batch]:
    """Deal examples into n parts, of which each gets one of the longest documents."""
    by_length = sorted(examples, key=lambda example: -len(example.predicted))
    return [by_length[i::n] for i in range(n)]


def subdivide(shares: List[Batch], rank: int, accumulate: int) -> List[Batch]:
    """The parts of a process's share whose gradients are accumulated, the same number in each process."""
    most = min(sum(len(example.predicted) > 0 for example in share) for share in shares)
    return deal(shares[rank], min(accumulate, most)) if accumulate > 1 else [shares[rank]]
