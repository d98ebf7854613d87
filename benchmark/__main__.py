"""`python -m benchmark`: train and measure taggers on one treebank, or categorizers on one set of texts; compare what
is trained already; draw the scaling curves."""

import platform
from pathlib import Path
from typing import Any, Dict, List, Optional

import srsly
import typer
from rich.console import Console
from rich.markdown import Markdown

from spacy_rnn.data.convert import convert_treebank

from . import limit, report, scaling
from .compare import compare_command
from .contestants import CONTESTANTS
from .corpus import cut, read
from .lemmas import lemmas_command
from .measure import measure_all, train_all
from .precision import load_at
from .textcat.commands import textcat_command, textcat_memory_command, textcat_models_command
from .trees import trees_command

# Sentences of each split in the small run.
SMALL = {"train": 400, "dev": 100, "test": 200}

app = typer.Typer(add_completion=False, help=__doc__)
app.command("compare")(compare_command)
app.command("lemmas")(lemmas_command)
app.command("trees")(trees_command)
app.command("textcat")(textcat_command)
app.command("textcat-models")(textcat_models_command)
app.command("textcat-memory")(textcat_memory_command)
console = Console()


def machine() -> Dict[str, Any]:
    import torch

    processor = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    return {"processor": processor, "capability": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__}


@app.command("run")
def run_command(
    treebank: Path = typer.Argument(..., help="Folder of *-ud-{train,dev,test}.conllu", exists=True, file_okay=False),
    corpus: Path = typer.Argument(..., help="The same, converted", exists=True, file_okay=False),
    models: Path = typer.Argument(..., help="Folder for models; what is trained already is not trained again"),
    output: Path = typer.Argument(..., help="Folder for benchmark.json, benchmark.md and benchmark.svg"),
    small: bool = typer.Option(False, help="A few training steps on 400 sentences: shows that all works, in minutes"),
    systems: Optional[str] = typer.Option(None, help=f"Some of {', '.join(CONTESTANTS)}, joined by commas"),
    repeats: int = typer.Option(3, min=1, help="Turns of measuring"),
    threads: int = typer.Option(1, min=1, help="Threads of each system"),
    jobs: int = typer.Option(2, min=1, help="Systems that are trained at the same time"),
    seconds: float = typer.Option(10.0, min=0.1, help="How long training is timed each turn"),
) -> None:
    """Train and measure the systems, and write a table and a picture."""
    names = list(CONTESTANTS) if systems is None else [name.strip() for name in systems.split(",")]
    unknown = [name for name in names if name not in CONTESTANTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of: {', '.join(CONTESTANTS)}", param_hint="--systems")
    if small:
        repeats, seconds = 1, 1.0
        treebank = cut(treebank, models / treebank.name, SMALL)
        corpus = models / "corpus"
        convert_treebank(treebank, corpus)
    arguments = ["small" if small else "full", str(treebank), str(corpus), str(models)]
    train_all(names, arguments, models, jobs, threads)
    results = measure_all(names, arguments, repeats, threads, seconds)
    found = {"treebank": treebank.name, "threads": threads, "repeats": repeats, "small": small, "machine": machine()}
    run = {**found, "results": results}
    write(run, output)


def write(run: Dict[str, Any], output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output / "benchmark.json", run)
    text = report.table(run)
    (output / "benchmark.md").write_text(text, encoding="utf8")
    report.picture(run, output / "benchmark.svg")
    console.print(Markdown(text))
    console.print(f"{run['machine']['processor']}, {run['threads']} thread(s) each; written to {output}")


@app.command("limit")
def limit_command(
    model: Path = typer.Argument(..., help="A trained pipeline", exists=True),
    treebank: Path = typer.Argument(..., help="Folder of *-ud-{train,dev,test}.conllu", exists=True, file_okay=False),
    precision: str = typer.Option("auto", help="auto, bf16 or fp32"),
    threads: int = typer.Option(1, min=1, help="Threads"),
) -> None:
    """How many times as long as its bare kernels prediction takes."""
    import torch

    torch.set_num_threads(threads)
    found = limit.measure(load_at(model, precision), read(treebank, "train").words)
    console.print({name: round(value, 2) for name, value in found.items()})


@app.command("scaling")
def scaling_command(
    model: Path = typer.Argument(..., help="A trained pipeline", exists=True),
    output: Path = typer.Argument(..., help="Folder for scaling.json and scaling.svg"),
    small: bool = typer.Option(False, help="Short documents and few of them"),
) -> None:
    """Words/s and peak memory against the size of documents, batches and streams, threads, widths and new words."""
    output.mkdir(parents=True, exist_ok=True)
    found: List[Dict[str, Any]] = scaling.measure(model, small)
    srsly.write_json(output / "scaling.json", {"machine": machine(), "curves": found})
    scaling.picture(found, output / "scaling.svg")
    console.print(scaling.table(found))


if __name__ == "__main__":
    app()
