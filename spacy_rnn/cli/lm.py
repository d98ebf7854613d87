"""The subcommands of `spacy-rnn` for character language models."""

from pathlib import Path
from typing import Any, Dict, Optional

import srsly
import torch
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..data.raw_text.corpus import write_text
from ..lm.evaluate import evaluate_lm
from ..lm.generate import generate
from ..lm.settings import LMSettings
from ..lm.train import train_lm
from ..lm.trainer import TrainingProgress
from ..models.char_lm_file import load_lm
from .app import app
from .common import SCORES_FILE, THREADS, console, save_scores

DEFAULT = LMSettings()


@app.command("write-text")
def write_text_command(
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert` or `convert-textcat`."),
    output_dir: Path = typer.Argument(..., help="Folder for train.txt and dev.txt; replaced."),
    more: str = typer.Option("", help="A text file, or a folder of web pages, that is added to train.txt."),
    untranslated: str = typer.Option("", help="The same pages in another language: what stands there too is left out."),
) -> None:
    """Write the text of a converted corpus, without its test set, for a language model."""
    other = Path(untranslated) if untranslated else None
    n = write_text(corpus_dir, output_dir, [Path(more)] if more else [], untranslated=other)
    console.print(f"{output_dir}: {n:,} characters to train on", soft_wrap=True)


@app.command("train-lm")
def train_lm_command(
    text: Path = typer.Argument(..., help="Text, a paragraph a line (also .xz, .gz, .bz2, .zst), or labelled texts."),
    output_dir: Path = typer.Argument(..., help="Folder for the model; a killed training is resumed from it."),
    direction: str = typer.Option(
        DEFAULT.direction, help="The direction in which the model reads: forward or backward."
    ),
    dev: Optional[Path] = typer.Option(None, help="Held-out text; by default the last paragraphs of the text."),
    held_out: float = typer.Option(DEFAULT.held_out, help="Share of the paragraphs that is held out."),
    balance: float = typer.Option(DEFAULT.balance, help="1: labels equally often; 0: as they occur; 0.5: half way."),
    cell: str = typer.Option(DEFAULT.cell, help="lstm, gru or rnn_tanh."),
    depth: int = typer.Option(DEFAULT.depth, help="Recurrent layers."),
    hidden_size: int = typer.Option(DEFAULT.hidden_size, help="Units of a layer."),
    char_width: int = typer.Option(DEFAULT.char_width, help="Width of a character's vector."),
    order: int = typer.Option(DEFAULT.order, help="Longest n-gram with a vector of its own; 1 for characters alone."),
    rows: int = typer.Option(DEFAULT.rows, help="Rows of the table of n-grams, for each length."),
    direct: bool = typer.Option(DEFAULT.direct, help="A layer from the n-grams straight to the output."),
    chars: int = typer.Option(DEFAULT.chars, help="Size of the vocabulary; rarer characters are unknown."),
    batch: int = typer.Option(DEFAULT.batch, help="Places of the text that are read at once."),
    bptt: int = typer.Option(DEFAULT.bptt, help="Characters of each that an update reads and learns from."),
    steps: Optional[int] = typer.Option(None, help="The former name of --bptt.", hidden=True),
    epochs: float = typer.Option(DEFAULT.epochs, help="How often the text is read."),
    learn_rate: float = typer.Option(DEFAULT.learn_rate, help="The highest learning rate."),
    warmup: int = typer.Option(DEFAULT.warmup, help="Updates until it is reached."),
    dropout: float = typer.Option(DEFAULT.dropout, help="Share of units dropped."),
    seed: int = typer.Option(DEFAULT.seed, help="For weights, dropout and the order of labelled texts."),
    precision: str = typer.Option(DEFAULT.precision, help="auto, bf16 or fp32."),
    save_every: int = typer.Option(200, help="Updates between two savings.", min=1),
    measure_every: int = typer.Option(500, help="Updates between two looks at the held-out text; 0 for none.", min=0),
    threads: int = THREADS,
) -> None:
    """Train a character language model on raw text."""
    given = {name: value for name, value in locals().items() if name in vars(DEFAULT)}
    settings = LMSettings(**{**given, "bptt": bptt if steps is None else steps})
    torch.set_num_threads(threads)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(direction)

        def report(update: TrainingProgress) -> None:
            described = f"{direction}: {update.train_bits:.3f} bits/char"
            bar.update(task, completed=update.step, total=update.n_steps, description=described)
            if update.held_out_bits is not None:
                measured = f"step {update.step:,}: {update.held_out_bits:.4f} bits/char on held-out text"
                bar.console.print(f"{measured}, {update.train_bits:.4f} in training", soft_wrap=True)

        path = train_lm(
            text, output_dir, settings, dev=dev, save_every=save_every, measure_every=measure_every, report=report
        )
    console.print(f"{path}, on held-out text: {described(srsly.read_json(path.with_suffix('.json')))}", soft_wrap=True)


@app.command("evaluate-lm")
def evaluate_lm_command(
    model: Path = typer.Argument(..., help="A file that `spacy-rnn train-lm` wrote."),
    text: Path = typer.Argument(..., help="Text, or labelled texts, as for `train-lm`."),
    adapt: float = typer.Option(0.0, help="A learning rate, such as 0.001: the model learns from what it has read."),
    output: Optional[Path] = SCORES_FILE,
    threads: int = THREADS,
) -> None:
    """Bits per character and perplexity of a text."""
    torch.set_num_threads(threads)
    scores = evaluate_lm(model, text, adapt=adapt)
    console.print(f"{text}: {described(scores)}", soft_wrap=True)
    save_scores(scores, output)


def described(scores: Dict[str, Any]) -> str:
    """The scores of `evaluate_lm` in a line."""
    if scores["bits_per_character"] is None:
        return "no characters, so nothing was measured"
    found = f"{scores['bits_per_character']:.4f} bits/char, perplexity {scores['perplexity']:.3f}"
    return f"{found} ({100 * scores['unknown']:.3f}% unknown characters)"


@app.command("generate")
def generate_command(
    model: Path = typer.Argument(..., help="A file that `spacy-rnn train-lm` wrote."),
    n: int = typer.Option(10, "--number", "-n", help="How many texts.", min=1),
    label: Optional[str] = typer.Option(None, help="The label of the texts, for a model trained with labels."),
    prompt: str = typer.Option("", help="How each text begins."),
    temperature: float = typer.Option(1.0, help="Below 1 for likelier texts; 0 for the likeliest character each time."),
    top_k: int = typer.Option(0, help="Draw among so many of the likeliest characters; 0 for all."),
    top_p: float = typer.Option(1.0, help="Draw among the fewest characters whose probabilities add up to this."),
    max_chars: int = typer.Option(500, help="Longest text.", min=1),
    seed: int = typer.Option(0, help="The same seed gives the same texts."),
    output: Optional[Path] = typer.Option(None, help="JSONL file for the texts, with their label."),
    threads: int = THREADS,
) -> None:
    """Draw texts from a character language model, one a line."""
    torch.set_num_threads(threads)
    sampling: Dict[str, Any] = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    texts = generate(load_lm(model), n=n, label=label, prompt=prompt, max_chars=max_chars, **sampling)
    for text in texts:
        typer.echo(text)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_jsonl(output, [{"text": text, **({"label": label} if label else {})} for text in texts])
