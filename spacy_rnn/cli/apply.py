"""The subcommands of `spacy-rnn` that annotate many documents."""

from pathlib import Path
from typing import List, Optional

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..apply import ApplySettings, apply_pipeline
from ..apply.conllu import write_conllu
from ..apply.run import ApplyProgress
from ..apply.sources import Source
from .app import app
from .common import GPU_ID, MODEL, THREADS, console, open_pipeline


@app.command("apply")
def apply_command(
    model: str = MODEL,
    source: str = typer.Argument(..., help="A file, a folder, a pattern, or any address that fsspec knows."),
    output: str = typer.Argument(..., help="Folder for the parts, or an address that fsspec knows."),
    input_format: str = typer.Option("auto", help="jsonl, parquet, text (a document a line), docbin; auto: by name."),
    output_format: str = typer.Option("jsonl", help="jsonl, parquet or docbin."),
    text: str = typer.Option("text", help="Field or column of a document's text."),
    id: Optional[str] = typer.Option(None, help="Field or column of its name; by default its position."),
    columns: str = typer.Option(
        "",
        help="Columns of the output, such as pos,doc._.transduced; by default all that are assigned.",
    ),
    workers: int = typer.Option(1, help="Processes on this machine, or actors of Ray.", min=1),
    engine: str = typer.Option("local", help="local or ray."),
    address: Optional[str] = typer.Option(None, help="Address of a Ray cluster; by default one is started here."),
    part_size: int = typer.Option(4096, help="Kilobytes of input for one part of the output.", min=1),
    batch_size: int = typer.Option(0, help="Documents of a batch; 0 for the pipeline's own setting.", min=0),
    overwrite: bool = typer.Option(False, help="Start over in a folder that contains something else."),
    gpu_id: int = typer.Option(-1, help="GPU to use (with Ray: one for each actor), or -1 for the CPU."),
    threads: int = THREADS,
) -> None:
    """Run a pipeline over files of documents. Killed and called again, it continues, and writes each document once."""
    settings = ApplySettings(
        input_format=input_format,
        output_format=output_format,
        text=text,
        id=id,
        columns=[name.strip() for name in columns.split(",") if name.strip()] or None,
        workers=workers,
        engine=engine,
        address=address,
        gpu=gpu_id >= 0,
        part_size=part_size << 10,
        batch_size=batch_size,
        overwrite=overwrite,
    )
    nlp = open_pipeline(model, -1 if engine == "ray" else gpu_id, threads)
    shown = (
        MofNCompleteColumn(),
        TextColumn("parts"),
        BarColumn(),
        TextColumn("{task.fields[docs]:,} documents, {task.fields[rate]:,.0f} words/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*shown, console=console) as bar:
        task = bar.add_task("", total=None, docs=0, rate=0.0)
        words_before: List[int] = []  # of the parts that an earlier run did

        def show(done: ApplyProgress) -> None:
            now = done.now
            if not words_before:
                words_before.append(now.words)
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = (now.words - words_before[0]) / elapsed if elapsed else 0.0
            bar.update(task, total=len(done.job.parts), completed=done.parts_done, docs=now.docs, rate=rate)

        total = apply_pipeline(nlp, source, output, settings, changed=show)
    failed = f", {total.errors:,} could not be processed: see {output}/errors" if total.errors else ""
    console.print(f"{total.docs:,} documents with {total.words:,} tokens in {output}{failed}", soft_wrap=True)


@app.command("to-conllu")
def to_conllu_command(
    pipeline: str = typer.Argument(..., help="As for apply; - writes the documents of .spacy files as they are."),
    source: str = typer.Argument(..., help="A file, a folder, a pattern, or any address that fsspec knows."),
    output: Path = typer.Argument(..., help="The CoNLL-U file; replaced."),
    input_format: str = typer.Option("auto", help="jsonl, parquet, text (a document a line), docbin; auto: by name."),
    text: str = typer.Option("text", help="Field or column of a document's text."),
    id: Optional[str] = typer.Option(None, help="Field or column of its name; by default its position."),
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Annotate text, or take annotated documents, and write CoNLL-U. A token is a word; whitespace is none."""
    where = Source(source, input_format, text, id)
    nlp = None if pipeline == "-" else open_pipeline(pipeline, gpu_id, threads)
    counts = write_conllu(nlp, where, output)
    found = f"{counts.docs:,} documents, {counts.sentences:,} sentences, {counts.words:,} words"
    console.print(f"{output}: {found}, {counts.without_tree:,} sentences without a tree", soft_wrap=True)
