"""The subcommands of `spacy-rnn` that train, and read training configs."""

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Optional

import typer
from spacy.cli._util import parse_config_overrides

from ..data.configure import fill_config
from ..data.recipes import COMPONENTS, SIZES, init_config
from ..training import train
from .app import app
from .common import LEXICON, THREADS, VECTORS, compute_on, console


@app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train_command(
    context: typer.Context,
    config_path: Path = typer.Argument(..., help="A training config.", exists=True, dir_okay=False),
    output: Optional[Path] = typer.Option(None, "--output", "-o", help="Folder for the pipelines and the checkpoint."),
    code: Optional[Path] = typer.Option(None, "--code", "-c", help="Python file with registered functions."),
    workers: int = typer.Option(1, help="Processes that each take a batch at every step.", min=1),
    resume: Optional[bool] = typer.Option(
        None, "--resume/--no-resume", help="Continue from the checkpoint in the output folder, or start over."
    ),
    gpu_id: int = typer.Option(-1, "--gpu-id", "-g", help="The first GPU to use, or -1 for the CPU."),
    threads: int = THREADS,
) -> None:
    """Train as `spacy train` does, with the same config and overrides (--paths.train FILE), in one process or several.
    Ended at any point, it continues with --resume to the same result."""
    for argument in context.args:
        if argument.startswith("--") and "." not in argument:
            raise typer.BadParameter(f"no such option, and no setting of a config (--section.name): {argument}")
    with redirect_stdout(sys.stderr):  # where spaCy says which other argument it cannot use
        overrides = parse_config_overrides(context.args)
    compute_on(-1, threads)
    if workers > 1:
        os.environ["OMP_NUM_THREADS"] = str(threads)  # of each
    train(config_path, output, overrides=overrides, code_path=code, workers=workers, resume=resume, gpu_id=gpu_id)
    best = None if output is None else output / "model-best"
    if best is not None and best.is_dir():
        console.print(f'The best pipeline: spacy.load("{best}")', soft_wrap=True, highlight=False)
        console.print(f"spacy-rnn apply {best} TEXTS OUTPUT_FOLDER", soft_wrap=True, highlight=False)


@app.command("init-config")
def init_config_command(
    output_path: Path = typer.Argument(..., help="Where to write the config."),
    pipeline: str = typer.Option("rnn_tagger", "--pipeline", "-p", help=f"Joined by commas: {', '.join(COMPONENTS)}."),
    lang: str = typer.Option("en", "--lang", "-l", help="spaCy language code of the texts."),
    train_path: Optional[Path] = typer.Option(
        None, "--train", help="Training data: .spacy, or for a text categorizer alone .csv, .tsv or .jsonl."
    ),
    dev_path: Optional[Path] = typer.Option(
        None, "--dev", help="Data to choose the best pipeline by, of the same kind."
    ),
    size: str = typer.Option("default", help=f"Of the encoder: {', '.join(SIZES)}."),
    vectors: str = VECTORS,
    lexicon: str = LEXICON,
    force: bool = typer.Option(False, "--force", "-f", help="Replace the file if it is there."),
) -> None:
    """Write a training config for any components, with settings that suit them."""
    if output_path.exists() and not force:
        raise typer.BadParameter(f"{output_path} is there already; choose another name, or replace it with --force")
    for path in (train_path, dev_path):
        if path is not None and not path.exists():
            raise typer.BadParameter(f"{path}: no such file")
    names = [name for name in pipeline.replace(",", " ").split() if name]
    config = init_config(names, lang=lang, train=train_path, dev=dev_path, vectors=vectors, lexicon=lexicon, size=size)
    output_path.parent.mkdir(parents=True, exist_ok=True)
    config.to_disk(output_path)
    console.print(f"{output_path}: {', '.join(config['nlp']['pipeline'])}", soft_wrap=True)
    missing = [f"--paths.{name} FILE.spacy" for name in ("train", "dev") if config["paths"][name] is None]
    console.print(" ".join(["spacy-rnn train", str(output_path), "--output out", *missing]), soft_wrap=True)


@app.command("fill-config")
def fill_config_command(
    variant: Path = typer.Argument(..., help="A config, such as a variant.", exists=True, dir_okay=False),
    output_path: Path = typer.Argument(..., help="Where to write the config."),
    vectors: str = VECTORS,
    lexicon: str = LEXICON,
) -> None:
    """Write the full config that a variant stands for, for `spacy train`."""
    fill_config(variant, output_path, vectors=vectors, lexicon=lexicon)
