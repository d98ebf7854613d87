"""A table of word vectors between the archive that it comes from and the spaCy folder that it is written to."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Union

import numpy as np
from spacy.vectors import Vectors

from ...types import Array
from ..language import blank_pipeline

DOTTED = ("az", "tr")
"""Languages in which i and ı are different letters, also as capitals."""
_TO_CAPITAL = str.maketrans("iı", "İI")
_TO_LOWER = str.maketrans("İI", "iı")

# What is being done, how much of it is done, and of how much if that is known.
Report = Callable[[str, int, Optional[int]], None]


def silent(what: str, done: int, total: Optional[int]) -> None:
    """A Report that goes nowhere."""


@dataclass(frozen=True)
class VectorTable:
    """Vectors of words, or of n-grams from which those of words are composed (floret)."""

    words: List[Union[str, int]]  # distinct; a number is the key of a word whose spelling is not known
    rows: Array  # the row of each word, (n_words,), integers; several words may share one
    data: Array  # (n_rows, width), float32
    floret: Dict[str, Any] = field(default_factory=dict)  # settings of `Vectors` for n-grams; there are no words then

    def described(self) -> str:
        """Its size in words."""
        n_rows, width = self.data.shape
        if self.floret:
            return f"n-grams of {self.floret['minn']} to {self.floret['maxn']} characters on {n_rows:,} rows x {width}"
        return f"{len(self.words):,} words on {n_rows:,} rows x {width}"


def with_capitals(table: VectorTable, lang: str) -> VectorTable:
    """A table of lower-case words that also knows them with a capital, and in capitals. lang: spaCy language code.

    spaCy 3.8 forgets the attribute by which a table knows its words when it writes a table of words to disk. A table
    whose attribute is LOWER finds other words after that, so the keys of ours are forms.
    """
    known = {word for word in table.words if isinstance(word, str)}
    others: Dict[Union[str, int], int] = {}
    for word, row in zip(table.words, table.rows.tolist()):
        if isinstance(word, str):
            for form in capitalized(word, lang):
                if form not in known:
                    others[form] = row
    # `Vectors.most_similar` names the last one of the words of a row.
    words = [*others, *table.words]
    rows = np.concatenate([np.fromiter(others.values(), dtype=np.int64, count=len(others)), table.rows])
    return replace(table, words=words, rows=rows)


def capitalized(word: str, lang: str = "xx") -> Iterator[str]:
    """The forms with a capital and in capitals of which `word` is the lower case: in Turkish, İ is that of i, and I of
    ı."""
    dotted = lang in DOTTED
    lower = word.translate(_TO_CAPITAL) if dotted else word
    for form in dict.fromkeys((lower[:1].upper() + word[1:], lower.upper())):
        back = form.translate(_TO_LOWER) if dotted else form
        if form != word and back.lower() == word:
            yield form


def write_table(table: VectorTable, folder: Path, *, lang: str, name: str, meta: Dict[str, Any]) -> None:
    """Write a blank pipeline with the vectors, as `spacy init vectors` does.

    lang: spaCy language code. name: of the table, which pipelines that are trained with it keep. meta: of the pipeline.
    Raises CorpusError if spaCy does not know the language.
    """
    nlp = blank_pipeline(lang)
    strings = nlp.vocab.strings
    if table.floret:
        nlp.vocab.vectors = Vectors(strings=strings, data=table.data, name=name, mode="floret", **table.floret)
    else:
        nlp.vocab.vectors = Vectors(strings=strings, data=table.data, name=name)
        keys = [strings.add(word) if isinstance(word, str) else word for word in table.words]
        nlp.vocab.vectors.key2row = dict(zip(keys, table.rows.tolist()))
    nlp.meta.update(meta)
    nlp.to_disk(folder)
