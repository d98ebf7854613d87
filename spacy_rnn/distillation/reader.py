"""A corpus for training that mixes gold annotation with the soft labels of raw text."""

import random
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Iterator, List, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..base.checks import check_at_least, check_share
from ..data.spacy_files import Reader, read_docs
from ..errors import CorpusError, Errors, SettingError
from ..pipeline.soft_labels import read_soft_labels, write_soft_labels


def build_distill_corpus_v1(
    corpus: Reader,
    path: Optional[Union[str, Path]] = None,
    share: float = 0.5,
    weight: float = 1.0,
    temperature: float = 1.0,
    limit: int = 0,
    shuffle: bool = False,
) -> Reader:
    """Read gold examples together with documents that teachers have labelled.

    The soft examples are in the order of the file, with gold examples between them, each as often as the share demands,
    and at least once. Training keeps them in memory and shuffles them in each epoch by its seed.

    corpus: the gold examples, read by any reader.
    path: of a `soft.spacy` that `spacy-rnn distill` wrote.
    share: of the words of soft examples among all words.
    weight: how much a soft example counts in the loss.
    temperature: above 1, unlikely labels matter more, see `soft_cross_entropy`.
    limit: about the number of soft words, 0 for all.
    shuffle: read soft and gold examples in a new order each time, by spaCy's seed. For `training.max_epochs = -1`, with
        which only the gold examples are kept in memory.

    Raises SettingError for settings out of range; the reader raises CorpusError for a file that is missing or damaged.
    """
    check_share("share", share)
    check_at_least("weight", weight, 0)
    check_at_least("limit", limit, 0)
    if not temperature > 0:
        raise SettingError(Errors.R005.format(name="temperature", value=temperature, expected="above 0"))

    def read_soft(nlp: Language, numbers: Optional[Random]) -> Iterator[Example]:
        words = 0
        for doc in read_docs(Path(path or ""), nlp.vocab, numbers):
            try:
                taught = read_soft_labels(doc)
            except ValueError as error:
                raise CorpusError(Errors.D212.format(path=path, reason=error)) from error
            if taught is None:
                raise CorpusError(Errors.D213.format(path=path))
            write_soft_labels(doc, replace(taught, weight=weight, temperature=temperature))
            yield Example(Doc(nlp.vocab, words=[t.text for t in doc], spaces=[bool(t.whitespace_) for t in doc]), doc)
            words += len(doc)
            if limit and words >= limit:
                return

    def read(nlp: Language) -> Iterator[Example]:
        # Others draw from the common generator while this one is in use.
        numbers = Random(random.random()) if shuffle else None
        gold = list(corpus(nlp))
        has_words = any(len(example.predicted) for example in gold)
        left: List[Example] = []
        n_gold = n_soft = n_passes = 0
        for example in read_soft(nlp, numbers) if share else ():
            yield example
            n_soft += len(example.predicted)
            while has_words and n_gold * share < n_soft * (1.0 - share):
                if not left:
                    left, n_passes = _in_order(gold, numbers), n_passes + 1
                n_gold += len(left[-1].predicted)
                yield left.pop()
        if n_passes < 2:
            yield from reversed(left if n_passes else _in_order(gold, numbers))

    return read


def _in_order(examples: List[Example], numbers: Optional[Random]) -> List[Example]:
    """The same examples, the first one last."""
    return examples[::-1] if numbers is None else numbers.sample(examples, len(examples))
