"""What is to be done, what is done already, and doing one part of it."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..base.hashing import sha256
from ..errors import CorpusError, Errors
from .sinks import Sink
from .sources import Piece, Record, Source

JOB_FILE = "_job.json"
SUCCESS_FILE = "_SUCCESS.json"
DONE = "_done"
ERRORS = "errors"
VERSION = 1


@dataclass
class Counts:
    """What became of some documents."""

    docs: int = 0
    words: int = 0
    errors: int = 0

    def add(self, other: "Counts") -> None:
        self.docs += other.docs
        self.words += other.words
        self.errors += other.errors


@dataclass
class Job:
    """Everything that a worker has to know. Parts are numbered; a part is done when its file in DONE is there.

    output: address of the folder. output_format, columns: see `Sink`.
    parts: the pieces that each part is made from. batch_size: documents that go through the pipeline together.
    fingerprint: of the pipeline, the input and the settings.
    """

    source: Source
    output: str
    output_format: str
    columns: List[str]
    parts: List[List[Piece]]
    batch_size: int
    fingerprint: str = ""

    @property
    def sink(self) -> Sink:
        return Sink(self.output, self.output_format, self.columns)

    def sign(self, nlp: Language) -> None:
        """Compute the fingerprint: what must be the same for a run to be continued."""
        about: Dict[str, Any] = {**asdict(self), "fingerprint": None, "output": None}
        about.update(files=self.source.files(), pipeline=pipeline_checksum(nlp), version=VERSION)
        self.fingerprint = sha256(json.dumps(about, sort_keys=True).encode("utf8"))

    def begin(self, overwrite: bool) -> None:
        """Make the folder ready: a new one, or one with parts of the same job. Raises CorpusError for one with parts of
        another job, unless it is to be overwritten."""
        sink = self.sink
        before = sink.read_json(JOB_FILE)
        if before is not None and before.get("fingerprint") != self.fingerprint:
            if not overwrite:
                raise CorpusError(Errors.D183.format(output=self.output))
            before = None
        if before is None:
            if not overwrite and sink.names("."):
                raise CorpusError(Errors.D184.format(output=self.output))
            # The sign that parts are done goes first.
            for name in (DONE, ERRORS, JOB_FILE, SUCCESS_FILE):
                if sink.fs.exists(f"{sink.root}/{name}"):
                    sink.fs.rm(f"{sink.root}/{name}", recursive=True)
            for name in sink.names("."):
                if name.startswith("part-"):
                    sink.fs.rm_file(f"{sink.root}/{name}")
            record = {"version": VERSION, "fingerprint": self.fingerprint, "parts": len(self.parts)}
            sink.write_json(JOB_FILE, record)
        sink.clean()

    def done(self) -> Dict[int, Counts]:
        """What became of the parts that are done."""
        sink = self.sink
        names = [name for name in sink.names(DONE) if name.endswith(".json")]
        return {int(name.removesuffix(".json")): Counts(**sink.read_json(f"{DONE}/{name}")) for name in names}

    def finish(self, total: Counts) -> None:
        sink = self.sink
        sink.write_json(SUCCESS_FILE, {**asdict(total), "parts": len(self.parts), "fingerprint": self.fingerprint})
        sink.clean()


def pipeline_checksum(nlp: Language) -> str:
    """The SHA-256 of a pipeline's files, or of its bytes where it has none."""
    parts: List[Union[bytes, Path]] = [json.dumps(nlp.config, sort_keys=True, default=str).encode("utf8")]
    folder = Path(nlp.path) if nlp.path else None
    if folder is None or not folder.is_dir():
        return sha256(*parts, nlp.to_bytes(exclude=["vocab"]))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        parts += [path.relative_to(folder).as_posix().encode("utf8"), path]
    return sha256(*parts)


Report = Callable[[int, Optional[Counts], bool], None]
"""Is told a part, what was added to it (None: what was told of it is lost), and whether it is done."""


def do_part(nlp: Language, job: Job, part: int, report: Callable[[Counts], None]) -> Counts:
    """Process one part and write it. Documents that cannot be read or processed are written to a file of errors, with
    their names and the reasons; the others go on.

    report: is told after each batch what was added.
    """
    total, failed, sink = Counts(), [], job.sink
    with nlp.memory_zone(), sink.part(part, nlp.vocab) as add:
        records = (record for piece in job.parts[part] for record in job.source.read(piece, nlp.vocab))
        for batch in minibatch(records, job.batch_size):
            counts = Counts()
            for record, found in process(nlp, list(batch), job.batch_size):
                if isinstance(found, Doc):
                    add(record.id, found)
                    counts.docs += 1
                    counts.words += len(found)
                else:
                    failed.append({"id": record.id, "error": found})
                    counts.errors += 1
            total.add(counts)
            report(counts)
        if failed:
            lines = "".join(json.dumps(row) + "\n" for row in failed)
            with sink.file(f"{ERRORS}/part-{part:05d}.jsonl") as opened:
                opened.write(lines.encode("utf8"))
    # Last, since it says that all else is there.
    sink.write_json(f"{DONE}/{part:05d}.json", asdict(total))
    return total


def process(nlp: Language, records: Sequence[Record], batch_size: int) -> Iterator[Tuple[Record, Union[Doc, str]]]:
    """Each record with its annotated document, or with the reason why there is none."""
    found: Dict[int, Union[Doc, str]] = {}
    docs: Dict[int, Doc] = {}
    for i, record in enumerate(records):
        if record.content is None:
            found[i] = record.error
            continue
        try:
            docs[i] = record.content if isinstance(record.content, Doc) else nlp.make_doc(record.content)
        except Exception as error:  # texts that spaCy refuses: too long, half a surrogate pair
            found[i] = _reason(error)
    again: List[int] = []
    run(nlp, docs, found, again, batch_size)
    for i in again:
        # A component of spaCy's gives up a whole batch for one document: now each goes alone.
        content = records[i].content
        run(nlp, {i: nlp.make_doc(content) if isinstance(content, str) else docs[i]}, found, None, 1)
    for i, record in enumerate(records):
        yield record, found.get(i, "no component returned the document")


def run(
    nlp: Language, docs: Dict[int, Doc], found: Dict[int, Union[Doc, str]], again: Optional[List[int]], batch_size: int
) -> None:
    """Annotate documents. Those of a batch that failed are added to `again`; without it, failures are final."""

    def handle(name: str, component: Any, failed: List[Doc], error: Exception) -> None:
        for doc in failed:
            if again is not None and len(failed) > 1:
                again.append(doc._context)
            else:
                found[doc._context] = _reason(error)

    nlp.default_error_handler = handle
    for _, pipe in nlp.pipeline:
        if hasattr(pipe, "set_error_handler"):
            # spaCy's parser and entity recognizer cannot keep a handler: they raise, see below.
            with contextlib.suppress(AttributeError):
                pipe.set_error_handler(handle)
    try:
        for doc, i in nlp.pipe(((doc, i) for i, doc in docs.items()), as_tuples=True, batch_size=batch_size):
            found[i] = doc
    except Exception as error:  # of a component without an error handler, whose whole stream has ended
        left = [i for i in docs if i not in found and i not in (again or ())]
        if again is not None and len(docs) > 1:
            again.extend(left)
        else:
            found.update(dict.fromkeys(left, _reason(error)))


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:1000]


def in_process(nlp: Language, job: Job, parts: Sequence[int], report: Report) -> None:
    """Do parts one after the other."""
    for part in parts:

        def report_part(counts: Counts, part: int = part) -> None:
            report(part, counts, False)

        try:
            do_part(nlp, job, part, report_part)
        except Exception as error:
            raise CorpusError(failure(error)) from error
        report(part, Counts(), True)


def failure(error: Exception) -> str:
    """What to say where a part cannot be read or written at all."""
    return str(error) if isinstance(error, CorpusError) else Errors.D187.format(reason=_reason(error))


def is_orphan(parent: int) -> bool:
    """Whether the process that started this one has ended."""
    return os.getppid() != parent
