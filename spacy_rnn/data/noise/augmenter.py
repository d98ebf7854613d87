"""The augmenter that adds noise to examples, anew in each epoch."""

import random
from random import Random
from typing import Callable, Iterable, Iterator, List, Optional

from spacy.language import Language
from spacy.training import Example

from ...base.checks import check_between
from . import words as noise_of
from .documents import can_end_earlier, with_words

Augmenter = Callable[[Language, Example], Iterator[Example]]
_KINDS = ("lower", "upper", "diacritics", "typos", "doubled", "final_punct")


def build_noise_v1(
    lower: float = 0.05,
    upper: float = 0.05,
    diacritics: float = 0.05,
    typos: float = 0.02,
    doubled: float = 0.0,
    final_punct: float = 0.05,
    seed: Optional[int] = None,
) -> Augmenter:
    """An augmenter for the corpus of a training config: see `Noise`, which has no noise by default."""
    return Noise(
        lower=lower,
        upper=upper,
        diacritics=diacritics,
        typos=typos,
        doubled=doubled,
        final_punct=final_punct,
        seed=seed,
    )


class Noise:
    """Changes the words of examples as careless writers would, and keeps their annotation: tags, lemmas, heads,
    entities, spans, categories and user data are those of the words as they should be.

    lower, upper: shares of the documents that are in lower case, and IN UPPER CASE.
    diacritics: share of the documents whose letters have lost their diacritics, where a language can be read without.
    typos: share of the words of three letters or more that have a slip of the keyboard: the key beside the right one,
        two letters swapped, or one left out. The language of the pipeline decides on the keyboard.
    doubled: share of the words of three letters or more one letter of which is written two to four times.
    final_punct: share of the documents that have lost the full stop, question mark or exclamation mark at their end,
        where no annotation depends on it. No other noise changes the number of tokens.
    seed: by default drawn from Python's random numbers, which the seed of a training config sets. The same seed gives
        the same noise to the same examples in the same order.

    If a predicted document has the tokens of its reference, it has them afterwards, with its own annotation; if not,
    the tokenizer makes it anew.

    Raises SettingError for a rate below 0 or above 1, and if those that exclude each other are above 1 together.
    """

    def __init__(
        self,
        *,
        lower: float = 0.0,
        upper: float = 0.0,
        diacritics: float = 0.0,
        typos: float = 0.0,
        doubled: float = 0.0,
        final_punct: float = 0.0,
        seed: Optional[int] = None,
    ):
        self.lower, self.upper, self.diacritics = lower, upper, diacritics
        self.typos, self.doubled, self.final_punct = typos, doubled, final_punct
        for name in _KINDS:
            check_between(name, getattr(self, name), 0, 1)
        check_between("lower + upper", lower + upper, 0, 1)
        check_between("typos + doubled", typos + doubled, 0, 1)
        self.seed = seed
        self._examples = 0

    def __call__(self, nlp: Language, example: Example) -> Iterator[Example]:
        """The example with noise, as spaCy's corpora call it. Each call draws other noise, also of the same example."""
        if self.seed is None:
            self.seed = random.getrandbits(32)
        self._examples += 1
        yield NoisyExample(nlp, example, self, self._examples)

    def examples(self, nlp: Language, examples: Iterable[Example]) -> List[Example]:
        """All examples with noise, for `nlp.update`."""
        return [noisy for example in examples for noisy in self(nlp, example)]

    def change(self, nlp: Language, example: Example, numbers: Random) -> Example:
        """The example with the noise that these random numbers draw, or itself if they draw none."""
        reference, predicted, lang = example.reference, example.predicted, str(nlp.lang)
        case, marks, end = (numbers.random() for _ in range(3))
        cases, slips = self.lower + self.upper, self.typos + self.doubled
        hit = [i for i in range(len(reference)) if numbers.random() < slips] if slips else []
        if not hit and case >= cases and marks >= self.diacritics and end >= self.final_punct:
            return example
        before = [token.text for token in reference]
        words = list(before)
        if case < cases:
            change = noise_of.lowered if case < self.lower else noise_of.uppered
            words = [change(word, lang) for word in words]
        if marks < self.diacritics:
            words = [noise_of.without_diacritics(word, lang) for word in words]
        for i in hit:
            is_slip = numbers.random() * slips < self.typos
            words[i] = noise_of.slip(words[i], lang, numbers) if is_slip else noise_of.doubled(words[i], numbers)
        has_same = [token.text for token in predicted] == before
        if end < self.final_punct and can_end_earlier(reference) and (not has_same or can_end_earlier(predicted)):
            words.pop()
        if words == before:
            return example
        noisy = with_words(reference, words)
        return Example(with_words(predicted, words) if has_same else nlp.make_doc(noisy.text), noisy)


class NoisyExample(Example):
    """An example with noise, which has other noise in another epoch.

    clean: the example without. number: of the example among those that the noise was called with.
    """

    clean: Example
    noise: Noise
    number: int

    def __init__(self, nlp: Language, clean: Example, noise: Noise, number: int):
        self.clean, self.noise, self.number = clean, noise, number
        shown = self.in_epoch(nlp, 0)
        super().__init__(shown.predicted, shown.reference)

    def in_epoch(self, nlp: Language, epoch: int) -> Example:
        """The clean example with the noise of an epoch, counted from 0."""
        return self.noise.change(nlp, self.clean, Random(f"{self.noise.seed} {self.number} {epoch}"))


def in_epoch(nlp: Language, examples: Iterable[Example], epoch: int) -> Iterator[Example]:
    """Examples as they are in an epoch, counted from 0: those with noise get other noise in each."""
    for example in examples:
        yield example.in_epoch(nlp, epoch) if epoch and isinstance(example, NoisyExample) else example


def augmented(nlp: Language, example: Example, augmenter: Optional[Augmenter]) -> Iterable[Example]:
    """What an augmenter makes of an example, or the example if there is none."""
    return [example] if augmenter is None else augmenter(nlp, example)
