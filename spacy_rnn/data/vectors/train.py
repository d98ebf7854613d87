"""Vectors of n-grams, made from raw text by the package floret."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Tuple

import numpy as np
from spacy.attrs import LOWER, ORTH

from ...base.checks import check_at_least, check_between, check_choice
from ...base.hashing import sha256
from ...errors import CorpusError, Errors
from ..language import blank_pipeline
from ..text_files import accepted, as_text, decompressed, open_text, whole_lines, without_end
from .fetch import VectorFolder, write_once
from .table import Report, VectorTable, silent

# The seed of floret's hash function, and what it puts around a word.
HASH_SEED, BOW, EOW = 2166136261, "<", ">"
# What separates words for floret.
_BLANKS = str.maketrans(dict.fromkeys(" \n\r\t\v\f\0", "_"))


@dataclass(frozen=True)
class FloretSettings:
    """How vectors are learned (Bojanowski et al. 2017) and stored (https://github.com/explosion/floret).

    model: "cbow", from a word's neighbours to the word, or "skipgram", from the word to each of them.
    dim: the width of a vector. rows: of the table of n-grams. hash_count: the rows of each n-gram, 1 to 4.
    minn, maxn: the shortest and longest n-gram, in characters.
    window: the most words between a word and a neighbour, plus one. negatives: words that are told from the right one.
    min_count: rarer words are not learned from. epochs: how often the text is read. learn_rate: the first one, which
        falls to 0. lower: in lower case, as the words that are looked up later.

    Raises SettingError for a setting that is out of range.
    """

    model: str = "cbow"
    dim: int = 100
    rows: int = 50000
    hash_count: int = 2
    minn: int = 3
    maxn: int = 5
    window: int = 5
    negatives: int = 5
    min_count: int = 5
    epochs: int = 5
    learn_rate: float = 0.05
    lower: bool = False

    def __post_init__(self) -> None:
        check_choice("model", self.model, ("cbow", "skipgram"))
        for name in ("dim", "rows", "minn", "window", "negatives", "min_count", "epochs"):
            check_at_least(name, getattr(self, name), 1)
        check_at_least("maxn", self.maxn, self.minn)
        check_between("hash_count", self.hash_count, 1, 4)
        check_between("learn_rate", self.learn_rate, 0, 1)


def train_vectors(
    text: Path,
    output_dir: Path,
    lang: str,
    settings: FloretSettings,
    *,
    threads: int = 1,
    verbose: bool = False,
    report: Report = silent,
) -> Tuple[VectorFolder, bool]:
    """Learn vectors from a text, a paragraph a line, compressed or not, and write them as `fetch_vectors` does. Returns
    what is there, and whether anything had to be done for it.

    lang: spaCy language code; its tokenizer makes words of the text.
    threads: the same text and settings give the same vectors with one thread.
    verbose: let floret write to standard error how far it is.

    Raises CorpusError if there is no such text, if it is damaged or too short, or if the package is missing.
    """
    try:
        import floret
    except ImportError as error:
        raise CorpusError(Errors.D223.format(what="Making vectors from text", package="floret")) from error
    with open_text(text) as stream:
        checksum = sha256(stream)
    origin = {"text": checksum, "lang": lang, "settings": asdict(settings)}

    def read(scratch: Path) -> VectorTable:
        words = scratch / "words.txt"
        write_words(text, words, lang, settings.lower, report)
        report("learning", 0, None)
        try:
            model = floret.train_unsupervised(
                str(words), model=settings.model, mode="floret", dim=settings.dim, bucket=settings.rows,
                hashCount=settings.hash_count, minn=settings.minn, maxn=settings.maxn, ws=settings.window,
                neg=settings.negatives, minCount=settings.min_count, epoch=settings.epochs, lr=settings.learn_rate,
                thread=threads, label="\n", verbose=2 if verbose else 0,
            )  # fmt: skip
        except ValueError as error:
            raise CorpusError(Errors.D226.format(path=text, n=settings.min_count)) from error
        # Before them come rows of whole words, which this kind of table does not use.
        data = np.ascontiguousarray(model.get_input_matrix()[-settings.rows :], dtype=np.float32)
        kept = {"minn": settings.minn, "maxn": settings.maxn, "hash_count": settings.hash_count}
        fixed = {"hash_seed": HASH_SEED, "bow": BOW, "eow": EOW, "attr": LOWER if settings.lower else ORTH}
        return VectorTable([], np.zeros(0, dtype=np.int64), data, {**kept, **fixed})

    made = VectorFolder(as_text(output_dir.resolve().name), lang, "that of the text")
    return write_once(output_dir, made, origin, read, report, [text])


def write_words(text: Path, output: Path, lang: str, lower: bool, report: Report) -> None:
    """Write the words of a text, separated by blanks, a paragraph a line."""
    tokenizer, size = blank_pipeline(lang).tokenizer, text.stat().st_size
    with (
        text.open("rb") as opened,
        decompressed(opened, text) as stream,
        output.open("w", encoding="utf8", newline="\n") as target,
    ):
        for number, line in enumerate(whole_lines(stream, text), start=1):
            with accepted(text, number):
                tokens = tokenizer(without_end(line))
            words = (token.lower_ if lower else token.text for token in tokens if not token.is_space)
            target.write(" ".join(word.translate(_BLANKS) for word in words) + "\n")
            if number % 1000 == 0:
                report("reading", opened.tell(), size)
