"""Raw text to a corpus of soft labels: `spacy-rnn distill`."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Union

import srsly
from spacy.language import Language
from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, DocBin, Span
from spacy.util import minibatch

from ..apply.documents import read_records, tokenized
from ..apply.fingerprint import input_checksums, pipeline_checksum
from ..apply.sources import Record, Source
from ..base.checks import check_at_least, check_choice
from ..base.files import replaced_folder
from ..base.hashing import sha256
from ..errors import CorpusError, Errors
from ..pipeline.annotate import ATTRS
from ..pipeline.soft_labels import SoftLabels, Taught, sparse_labels, write_soft_labels
from .combine import KINDS, combined, combined_cats
from .teachers import Teacher

CORPUS, STATS = "soft.spacy", "stats.json"
VERSION = 1
# Documents that teachers label together.
_BATCH = 256


@dataclass
class DistillSettings:
    """How raw text is labelled.

    labels: "soft" for the mean of the teachers' probabilities (Hinton et al. 2015), "hard" for the likeliest label
        alone (Kim & Rush 2016), "agreed" for the likeliest label where all teachers agree on it, and none elsewhere
        (Zhou & Li 2005).
    limit: about how many words to label, taken evenly from the whole text; 0 for all.
    sentences: label sentence by sentence, see `sentences_of`. max_length: leave out what has more tokens; 0 for no
        limit.
    top, least: see `sparse_labels`.
    input_format, text: see `Source`.
    Raises SettingError for settings out of range.
    """

    labels: str = "soft"
    limit: int = 0
    sentences: bool = True
    max_length: int = 200
    top: int = 8
    least: float = 0.001
    input_format: str = "auto"
    text: str = "text"

    def __post_init__(self) -> None:
        check_choice("labels", self.labels, KINDS)
        for name, minimum in (("limit", 0), ("max_length", 0), ("top", 1), ("least", 0)):
            check_at_least(name, getattr(self, name), minimum)


@dataclass
class DistillStats:
    """A labelled corpus, as described in its `stats.json`. tokens: those with labels, by attribute. cats: the
    categories of the documents."""

    docs: int = 0
    words: int = 0
    tokens: Dict[str, int] = field(default_factory=dict)
    cats: List[str] = field(default_factory=list)
    fingerprint: str = ""


def distill(
    teachers: Sequence[Teacher],
    source: str,
    output_dir: Path,
    settings: Optional[DistillSettings] = None,
    *,
    changed: Callable[[int, int], None] = lambda done, total: None,
) -> DistillStats:
    """Label raw text with trained pipelines, and write it with their soft labels to `soft.spacy` in a folder, which is
    replaced. A folder that the same teachers made of the same text with the same settings is left as it is.

    source: files of text, or of documents whose tokens are kept; see `Source`. Other text is tokenized by the first
        teacher.
    changed: is given how many words have been read, and how many there are.
    Raises CorpusError for text that cannot be read, and if there is none that the teachers label.
    """
    settings = settings or DistillSettings()
    where = Source(source, settings.input_format, settings.text)
    fingerprint = _fingerprint(teachers, where, settings)
    made = _read_stats(output_dir / STATS)
    if made is not None and made.fingerprint == fingerprint and (output_dir / CORPUS).is_file():
        return made
    stats = DistillStats(fingerprint=fingerprint)
    docs = DocBin(attrs=["ORTH", "SPACY"], store_user_data=True)
    with replaced_folder(output_dir, checked=True, inputs=map(Path, where.files())) as folder:
        for batch in minibatch(_raw_docs(where, teachers[0].nlp, settings, changed), _BATCH):
            for doc in label_batch(teachers, list(batch), settings, stats):
                docs.add(doc)
        if not any(stats.tokens.values()) and not stats.cats:
            raise CorpusError(Errors.D210.format(source=source))
        docs.to_disk(folder / CORPUS)
        srsly.write_json(folder / STATS, asdict(stats))
    return stats


def _fingerprint(teachers: Sequence[Teacher], source: Source, settings: DistillSettings) -> str:
    """Of everything that the corpus depends on."""
    about: Dict[str, Any] = {**asdict(settings), "version": VERSION, "files": input_checksums(source)}
    about["teachers"] = [[pipeline_checksum(one.nlp), one.weight, sorted(one.attrs)] for one in teachers]
    return sha256(json.dumps(about, sort_keys=True).encode("utf8"))


def _read_stats(path: Path) -> Optional[DistillStats]:
    try:
        return DistillStats(**srsly.read_json(path))
    except (ValueError, TypeError, OSError):
        return None  # of another kind, or of none


def _raw_docs(
    source: Source, nlp: Language, settings: DistillSettings, changed: Callable[[int, int], None]
) -> Iterator[Doc]:
    """The documents to label, without annotation. Raises CorpusError for a record that cannot be read."""
    total = sum(map(_size, read_records(source, nlp.vocab)))
    share = min(1.0, settings.limit / max(1, total)) if settings.limit else 1.0
    seen = taken = 0
    for record in read_records(source, nlp.vocab):
        size = _size(record)
        if taken <= share * seen:
            taken += size
            doc = tokenized(nlp, record)
            for part in sentences_of(doc) if settings.sentences else [doc[:]]:
                if 0 < len(part) <= (settings.max_length or len(part)):
                    yield without_annotation(part)
        seen += size
        changed(seen, total)


def _size(record: Record) -> int:
    """The number of words, as far as it is known before the text is tokenized."""
    return len(record.content) if isinstance(record.content, Doc) else len(str(record.content).split())


def sentences_of(doc: Doc) -> Iterable[Span]:
    """The sentences that the document has; otherwise, a sentence ends with a punctuation mark."""
    return (doc if doc.has_annotation("SENT_START") else Sentencizer()(doc)).sents


def without_annotation(tokens: Union[Doc, Span]) -> Doc:
    """The same tokens as a document of its own."""
    words, spaces = [token.text for token in tokens], [bool(token.whitespace_) for token in tokens]
    return Doc(tokens.doc.vocab, words=words, spaces=spaces)


def label_batch(
    teachers: Sequence[Teacher], docs: List[Doc], settings: DistillSettings, stats: DistillStats
) -> List[Doc]:
    """Write what the teachers hold likely to documents, none of which may be empty, and count it."""
    annotated = [teacher.annotate(docs) for teacher in teachers]
    labels = [teacher.labels(own) for teacher, own in zip(teachers, annotated)]
    attrs: List[Dict[str, SoftLabels]] = [{} for _ in docs]
    for attr in ATTRS:
        found = [(own[attr], teacher.weight) for own, teacher in zip(labels, teachers) if attr in own]
        if found:
            mean = combined([one for one, _ in found], [weight for _, weight in found], settings.labels)
            lengths = list(map(len, docs))
            rows = sparse_labels(mean.names, mean.probabilities, lengths, top=settings.top, least=settings.least)
            for own, row in zip(attrs, rows):
                own[attr] = row
                stats.tokens[attr] = stats.tokens.get(attr, 0) + int((row.counts > 0).sum())
    for i, (doc, own) in enumerate(zip(docs, attrs)):
        cats = [teacher.cats(docs_of[i]) for teacher, docs_of in zip(teachers, annotated)]
        doc.cats = combined_cats(cats, [teacher.weight for teacher in teachers], settings.labels)
        write_soft_labels(doc, Taught(own))
        stats.docs += 1
        stats.words += len(doc)
        stats.cats.extend(label for label in doc.cats if label not in stats.cats)
    return docs
