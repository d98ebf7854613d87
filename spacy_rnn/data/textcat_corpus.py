"""Labelled texts as spaCy corpora: a reader for training configs, and a converter to the binary format."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from ..base.files import replaced_folder
from ..errors import CorpusError, Errors
from .fetch.treebanks import SOURCE_FILE
from .language import checked
from .noise import Augmenter, augmented
from .text_files import accepted, as_text, file_stem
from .textcat_files import LabelledText, read_textcat_file


def build_textcat_corpus_v1(
    path: Optional[Path] = None,
    labels: Optional[List[str]] = None,
    text: str = "text",
    label: str = "label",
    limit: int = 0,
    augmenter: Optional[Augmenter] = None,
) -> Callable[[Language], Iterable[Example]]:
    """A corpus for a training config that reads a .jsonl, .csv or .tsv file, see `read_textcat_file`.

    path: of the file. labels: the categories that may occur; null for all in the file.
    text, label: the fields of a record with its text and its category. limit: of the number of texts, 0 for none.
    augmenter: changes the texts, such as `spacy-rnn.Noise.v1`.

    Raises CorpusError without a path, and for a file that cannot be read.
    """
    if path is None:
        raise CorpusError(Errors.D108.format(path="corpora: path = null"))
    source = Path(path)

    def read(nlp: Language) -> Iterator[Example]:
        texts = read_textcat_file(source, labels=labels, text=text, label=label)
        for found in texts[: limit or None]:
            reference = labelled_doc(nlp, source, found)  # tokenized once
            predicted = reference.copy()
            predicted.cats = {}
            yield from augmented(nlp, Example(predicted, reference), augmenter)

    return read


def labelled_doc(nlp: Language, path: Path, found: LabelledText) -> Doc:
    """A tokenized text with its categories. Raises CorpusError, with the line, if spaCy refuses the text."""
    with accepted(path, found.line):
        doc = nlp.make_doc(found.text)
    doc.cats = dict(found.cats)
    return doc


@dataclass
class TextStats:
    """The contents of one file."""

    texts: int = 0
    tokens: int = 0
    cats: Dict[str, int] = field(default_factory=dict)  # the number of texts that are known to be in each category


@dataclass
class TextCatStats:
    """A converted corpus, as described in its `stats.json`."""

    lang: str
    labels: List[str]
    exclusive: bool  # no text is in more than one category
    files: Dict[str, TextStats]


def convert_textcat(
    paths: Sequence[Path],
    output_dir: Path,
    *,
    lang: str = "",
    labels: Optional[Sequence[str]] = None,
    text: str = "text",
    label: str = "label",
) -> TextCatStats:
    """Convert files of labelled texts to `{name}.spacy`, one Doc for each text, tokenized by the tokenizer of the
    language. `labels.json`, for `initialize.components.NAME.labels`, and `stats.json` are written beside the files. An
    existing folder is replaced.

    lang: a spaCy language code; by default that of the corpus that was fetched into the first file's folder, else "xx".
    labels: the categories; by default those of the first file.
    text, label: see `read_textcat_file`.

    Raises CorpusError for a file that cannot be read or has other categories; the folder is then unchanged.
    """
    lang = lang or fetched_lang(paths[0].parent)
    nlp = checked(spacy.blank, lang)
    stats = TextCatStats(lang, [], True, {})
    with replaced_folder(output_dir, checked=True, inputs=paths) as folder:
        for name, known, texts in read_labelled_docs(paths, nlp, labels, text=text, label=label):
            docs, counts, found = DocBin(attrs=["ORTH", "SPACY"], store_user_data=False), Counter[str](), TextStats()
            for doc in texts:
                docs.add(doc)
                found.texts += 1
                found.tokens += len(doc)
                inside = [name for name, value in doc.cats.items() if value]
                counts.update(inside)
                stats.exclusive = stats.exclusive and len(inside) == 1
            docs.to_disk(folder / f"{name}.spacy")
            found.cats = {cat: counts[cat] for cat in known}
            stats.labels, stats.files[name] = known, found
        srsly.write_json(folder / "labels.json", stats.labels)
        srsly.write_json(folder / "stats.json", asdict(stats))
    return stats


def read_labelled_docs(
    paths: Sequence[Path],
    nlp: Language,
    labels: Optional[Sequence[str]] = None,
    *,
    text: str = "text",
    label: str = "label",
) -> Iterator[Tuple[str, List[str], Iterator[Doc]]]:
    """Read files of labelled texts one after the other: the name of each, without its suffixes, the categories, and its
    tokenized texts with their cats.

    labels: the categories; by default those of the first file. A category that is not among them is an error.
    Raises CorpusError for a file that cannot be read, and for two of one name.
    """
    known = list(dict.fromkeys(map(as_text, labels or ())))
    names = [file_stem(path) for path in paths]
    for i, (name, path) in enumerate(zip(names, paths)):
        if name in names[:i]:
            raise CorpusError(Errors.D109.format(path=path, name=name))
        texts = read_textcat_file(path, labels=known or None, text=text, label=label)
        known = known or sorted({name for found in texts for name in found.cats})
        yield name, known, (labelled_doc(nlp, path, found) for found in texts)


def fetched_lang(folder: Path) -> str:
    """The language of the corpus that was fetched into a folder, "xx" if there is none. Raises CorpusError if its
    record is damaged."""
    path = folder / SOURCE_FILE
    try:
        return str(srsly.read_json(path)["source"].get("lang", "xx")) if path.is_file() else "xx"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(Errors.D023.format(path=path, reason=f"{type(error).__name__}: {error}")) from error
