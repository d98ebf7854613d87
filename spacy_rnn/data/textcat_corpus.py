"""Labelled texts as spaCy corpora: a reader for training configs, and a converter to the binary format."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence

import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from ..base.files import replaced_folder
from ..errors import CorpusError, Errors
from .fetch.treebanks import SOURCE_FILE
from .language import checked
from .textcat_files import LabelledText, file_stem, read_textcat_file

STATS_FILE = "stats.json"
LABELS_FILE = "labels.json"


def build_textcat_corpus_v1(
    path: Optional[Path] = None,
    labels: Optional[List[str]] = None,
    text: str = "text",
    label: str = "label",
    limit: int = 0,
) -> Callable[[Language], Iterable[Example]]:
    """A corpus for a training config that reads a .jsonl, .csv or .tsv file, see `read_textcat_file`.

    path: of the file. labels: the categories that may occur; null for all that the file has.
    text, label: where a record has its text and its category. limit: of the number of texts, 0 for none.
    """
    if path is None:
        raise CorpusError(Errors.D108.format(path="corpora: path = null"))
    source = Path(path)

    def read(nlp: Language) -> Iterator[Example]:
        texts = read_textcat_file(source, labels=labels, text=text, label=label)
        for found in texts[: limit or None]:
            yield make_example(nlp, found)

    return read


def make_example(nlp: Language, found: LabelledText) -> Example:
    """An example of a text, tokenized once."""
    reference = nlp.make_doc(found.text)
    predicted = reference.copy()
    reference.cats = dict(found.cats)
    return Example(predicted, reference)


@dataclass
class TextStats:
    """What one file holds."""

    texts: int = 0
    tokens: int = 0
    cats: Dict[str, int] = field(default_factory=dict)  # how many texts are known to be in each category


@dataclass
class TextCatStats:
    """What `convert_textcat` wrote, also found in `stats.json` beside it."""

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
    """Convert files of labelled texts to `{name}.spacy`, one Doc a text, tokenized by the language's tokenizer.

    lang: a spaCy language code; by default that of the corpus that was fetched into the first file's folder, else "xx".
    labels: the categories; by default those of the first file. A category that is not among them is an error.
    `labels.json`, for `initialize.components.NAME.labels`, and `stats.json` are written beside the files, and a folder
    that is there already is replaced. Raises CorpusError for a file that cannot be read; the folder then is as it was.
    """
    lang = lang or fetched_lang(paths[0].parent)
    nlp = checked(spacy.blank, lang)
    known = list(labels) if labels else None
    stats = TextCatStats(lang, [], True, {})
    with replaced_folder(output_dir, checked=True) as folder:
        for path in paths:
            texts = read_textcat_file(path, labels=known, text=text, label=label)
            if known is None:
                known = sorted({name for found in texts for name in found.cats})
            name = file_stem(path)
            if name in stats.files:
                raise CorpusError(Errors.D109.format(path=path, name=name))
            docs, counts, tokens = DocBin(attrs=["ORTH", "SPACY"], store_user_data=True), Counter[str](), 0
            for found in texts:
                doc = nlp.make_doc(found.text)
                doc.cats = dict(found.cats)
                docs.add(doc)
                tokens += len(doc)
                inside = [name for name, value in found.cats.items() if value]
                counts.update(inside)
                stats.exclusive = stats.exclusive and len(inside) == 1
            docs.to_disk(folder / f"{name}.spacy")
            stats.files[name] = TextStats(len(texts), tokens, {cat: counts[cat] for cat in known})
        stats.labels = known or []
        srsly.write_json(folder / LABELS_FILE, stats.labels)
        srsly.write_json(folder / STATS_FILE, asdict(stats))
    return stats


def fetched_lang(folder: Path) -> str:
    """The language of what was fetched into a folder, "xx" if nothing was."""
    path = folder / SOURCE_FILE
    return str(srsly.read_json(path)["source"].get("lang", "xx")) if path.is_file() else "xx"


def read_textcat_stats(corpus_dir: Path) -> Dict[str, Any]:
    """What `convert_textcat` wrote into a folder, as plain data. Raises CorpusError if it has not been there."""
    path = corpus_dir / STATS_FILE
    if not path.is_file():
        raise CorpusError(Errors.D110.format(path=path))
    return dict(srsly.read_json(path))
