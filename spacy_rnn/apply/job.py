"""A job: its parts, which of them are done, and how one of them is done."""

import contextlib
import json
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..base.cache import empty_caches
from ..base.hashing import sha256
from ..errors import CorpusError, Errors
from .fingerprint import input_checksums, pipeline_checksum
from .sinks import Sink
from .sources import Piece, Record, Source

JOB_FILE = "_job.json"
SUCCESS_FILE = "_SUCCESS.json"
DONE = "_done"
ERRORS = "errors"
VERSION = 2


@dataclass
class Counts:
    """How many documents were processed, how many words they have, and how many documents failed."""

    docs: int = 0
    words: int = 0
    errors: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.docs + other.docs, self.words + other.words, self.errors + other.errors)


Report = Callable[[int, Optional[Counts], bool], None]
"""Is given a part, the counts to add to it (None: forget those that were reported), and whether it is done."""


@dataclass
class Job:
    """Everything that a worker needs to know. Parts are numbered; a part is done when its file in DONE exists.

    output: address of the folder. output_format, columns: see `Sink`.
    parts: the pieces that each part is made from. batch_size: documents that go through the pipeline together.
    fingerprint: of the pipeline, the input and the settings. run: see `Sink`.
    """

    source: Source
    output: str
    output_format: str
    columns: List[str]
    parts: List[List[Piece]]
    batch_size: int
    fingerprint: str = ""
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def sink(self) -> Sink:
        return Sink(self.output, self.output_format, self.columns, self.run)

    def sign(self, nlp: Language) -> None:
        """Compute the fingerprint, by which a later run knows that it continues this job."""
        about: Dict[str, Any] = {**asdict(self), "fingerprint": None, "output": None, "run": None}
        about.update(files=input_checksums(self.source), pipeline=pipeline_checksum(nlp), version=VERSION)
        self.fingerprint = sha256(json.dumps(about, sort_keys=True).encode("utf8"))

    def begin(self, overwrite: bool) -> None:
        """Prepare the folder: a new one, or one with parts of the same job. Raises CorpusError if it contains anything
        else that may not be overwritten."""
        sink = self.sink
        found = sink.read_json(JOB_FILE)
        if found is None or found.get("fingerprint") != self.fingerprint:
            if not overwrite and found is not None:
                raise CorpusError(Errors.D183.format(output=self.output))
            if not overwrite and sink.names("."):
                raise CorpusError(Errors.D184.format(output=self.output))
            # The records of parts that are done go first.
            for name in (DONE, ERRORS, JOB_FILE, SUCCESS_FILE):
                sink.remove(name)
            for name in sink.names("."):
                if name.startswith("part-"):
                    sink.remove(name)
            record = {"version": VERSION, "fingerprint": self.fingerprint, "parts": len(self.parts)}
            sink.write_json(JOB_FILE, record)
        sink.clean()

    def done(self) -> Dict[int, Counts]:
        """The parts that are done, with their counts."""
        sink = self.sink
        names = [name for name in sink.names(DONE) if name.endswith(".json")]
        return {int(name.removesuffix(".json")): Counts(**sink.read_json(f"{DONE}/{name}")) for name in names}

    def finish(self, total: Counts) -> None:
        """Record that all parts are done."""
        sink = self.sink
        sink.write_json(SUCCESS_FILE, {**asdict(total), "parts": len(self.parts), "fingerprint": self.fingerprint})
        sink.clean()


def do_part(nlp: Language, job: Job, part: int, report: Callable[[Counts], None]) -> Counts:
    """Process one part and write it. Documents that cannot be read or processed go to a file of errors with their names
    and the reasons, and do not stop the others.

    report: is given the counts of each batch.
    """
    total, failed, sink = Counts(), [], job.sink
    empty_caches()
    with nlp.memory_zone(), sink.part(part, nlp.vocab) as add:
        records = (record for piece in job.parts[part] for record in job.source.read(piece, nlp.vocab))
        for batch in minibatch(records, job.batch_size):
            counts = Counts()
            for record, found in process(nlp, list(batch), job.batch_size):
                if isinstance(found, Doc):
                    add(record.id, found)
                    counts += Counts(docs=1, words=len(found))
                else:
                    failed.append({"id": record.id, "error": found})
                    counts += Counts(errors=1)
            total += counts
            report(counts)
        if failed:
            lines = "".join(json.dumps(row) + "\n" for row in failed)
            with sink.file(f"{ERRORS}/part-{part:05d}.jsonl") as opened:
                opened.write(lines.encode("utf8"))
    # Last, because it says that everything else is there.
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
        except Exception as error:  # of texts that spaCy refuses: too long, half a surrogate pair
            found[i] = reason(error)
    again: List[int] = []
    annotate(nlp, docs, found, again, batch_size)
    for i in again:
        # Some components of spaCy give up a whole batch because of one document, so now each goes alone.
        content = records[i].content
        annotate(nlp, {i: nlp.make_doc(content) if isinstance(content, str) else docs[i]}, found, None, 1)
    for i, record in enumerate(records):
        yield record, found.get(i, "no component returned the document")


def annotate(
    nlp: Language, docs: Dict[int, Doc], found: Dict[int, Union[Doc, str]], again: Optional[List[int]], batch_size: int
) -> None:
    """Run the pipeline over documents. Those of a batch that failed are added to `again`; if that is None, failures are
    final."""

    def handle(name: str, component: Any, failed: List[Doc], error: Exception) -> None:
        for doc in failed:
            if again is not None and len(failed) > 1:
                again.append(doc._context)
            else:
                found[doc._context] = reason(error)

    try:
        with handled_by(nlp, handle):
            for doc, i in nlp.pipe(((doc, i) for i, doc in docs.items()), as_tuples=True, batch_size=batch_size):
                found[i] = doc
    except Exception as error:  # of a component without an error handler, which ends the whole stream
        left = [i for i in docs if i not in found and i not in (again or ())]
        if again is not None and len(docs) > 1:
            again.extend(left)
        else:
            found.update(dict.fromkeys(left, reason(error)))


@contextlib.contextmanager
def handled_by(nlp: Language, handle: Callable[[str, Any, List[Doc], Exception], None]) -> Iterator[None]:
    """Within the block, the errors of a pipeline go to another handler."""
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, nlp, "default_error_handler", nlp.default_error_handler)
        nlp.default_error_handler = handle
        for _, pipe in nlp.pipeline:
            if not hasattr(pipe, "set_error_handler"):
                continue
            own = getattr(pipe, "__dict__", {})
            before = dict(own)
            # The parser and the entity recognizer of spaCy cannot keep a handler: they raise.
            with contextlib.suppress(AttributeError):
                pipe.set_error_handler(handle)
            for name in own:
                if name not in before:
                    stack.callback(own.pop, name)
                elif own[name] is not before[name]:
                    stack.callback(own.__setitem__, name, before[name])
        yield


def reason(error: Exception) -> str:
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
    """The message for a part that cannot be read or written at all."""
    return str(error) if isinstance(error, CorpusError) else Errors.D187.format(reason=reason(error))
