"""Documents from files through a pipeline to files: `spacy-rnn apply`."""

from dataclasses import dataclass
from typing import Callable, Dict, List, Optional

from spacy.language import Language

from ..base.checks import check_at_least, check_choice
from ..errors import CorpusError, Errors
from .apart import check_apart
from .cluster import on_ray
from .columns import check_columns, columns_of
from .job import Counts, Job, in_process
from .processes import in_processes
from .sinks import SUFFIXES
from .sources import Source, parquet_module


@dataclass
class ApplySettings:
    """How documents are processed.

    input_format, text, id: see `Source`. output_format: "jsonl", "parquet" or "docbin".
    columns: of the output; None for the text, the tokens and what the components assign. Any of COLUMNS, or an
        attribute, such as "token.norm", "doc._.transduced" or "token._.tree_label".
    workers: processes, or actors of Ray.
    engine: "local" or "ray". address: of a Ray cluster, None for this machine. gpu: a GPU for each actor of Ray.
    part_size: about how many bytes of input a file of output is made from. That much is done again after a worker was
        killed, and, with "docbin", has to fit into memory.
    batch_size: documents that go through the pipeline together; 0 takes the pipeline's own.
    overwrite: start over in a folder that contains something else.
    Raises SettingError for what is unknown or out of range.
    """

    input_format: str = "auto"
    output_format: str = "jsonl"
    text: str = "text"
    id: Optional[str] = None
    columns: Optional[List[str]] = None
    workers: int = 1
    engine: str = "local"
    address: Optional[str] = None
    gpu: bool = False
    part_size: int = 4 << 20
    batch_size: int = 0
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_choice("engine", self.engine, ("local", "ray"))
        check_choice("output_format", self.output_format, SUFFIXES)
        check_at_least("workers", self.workers, 1)
        check_at_least("part_size", self.part_size, 1)
        check_at_least("batch_size", self.batch_size, 0)


class ApplyProgress:
    """The progress of a job, a `Report`. What a worker had reported of its part is forgotten when it is killed."""

    def __init__(self, job: Job, done: Dict[int, Counts], changed: Callable[["ApplyProgress"], None]):
        self.job, self.parts_done, self.changed = job, len(done), changed
        self.total = sum(done.values(), Counts())
        self.running: Dict[int, Counts] = {}

    def __call__(self, part: int, counts: Optional[Counts], is_done: bool) -> None:
        before = self.running.pop(part, Counts())
        if is_done:
            self.total += before + (counts or Counts())
            self.parts_done += 1
        elif counts is not None:
            self.running[part] = before + counts
        self.changed(self)

    @property
    def now(self) -> Counts:
        """The counts so far, with those of parts that are not done."""
        return sum(self.running.values(), self.total)


def apply_pipeline(
    nlp: Language,
    source: str,
    output: str,
    settings: Optional[ApplySettings] = None,
    *,
    changed: Callable[[ApplyProgress], None] = lambda progress: None,
) -> Counts:
    """Process all documents of `source` and write them to the folder `output`, in parts. Returns their counts.

    source, output: local or any address that fsspec knows. Killed at any moment and called again with the same
    arguments, it continues, and in the end each document is there once: in a part, or with the reason in `errors/`.
    changed: is called after each step.
    Raises CorpusError for files that cannot be read or written, for a folder that contains something else, that another
    process is writing or that shares files with the input, and for annotations that cannot be a column.
    """
    settings = settings or ApplySettings()
    where = Source(source, settings.input_format, settings.text, settings.id)
    columns = columns_of(nlp) if settings.columns is None else list(settings.columns)
    check_columns(columns, settings.output_format, nlp)
    if settings.output_format == "parquet":
        parquet_module()
    batch_size = settings.batch_size or nlp.batch_size
    job = Job(where, output, settings.output_format, columns, where.cut(settings.part_size), batch_size)
    check_apart(where, job.sink)
    with job.sink.lock():
        job.sign(nlp)
        return _run(nlp, job, settings, changed)


def _run(nlp: Language, job: Job, settings: ApplySettings, changed: Callable[[ApplyProgress], None]) -> Counts:
    job.begin(settings.overwrite)
    done = job.done()
    progress = ApplyProgress(job, done, changed)
    todo = [part for part in range(len(job.parts)) if part not in done]
    changed(progress)
    if todo and settings.engine == "ray":
        on_ray(nlp, job, todo, settings.workers, progress, address=settings.address, gpu=settings.gpu)
    elif todo and settings.workers > 1:
        in_processes(nlp, job, todo, settings.workers, progress)
    else:
        in_process(nlp, job, todo, progress)
    if progress.parts_done != len(job.parts):
        raise CorpusError(Errors.D186.format(found=progress.parts_done, expected=len(job.parts)))
    job.finish(progress.total)
    return progress.total
