"""The measurements of docs/reliability.md: memory over long streams, killed processes, speed of several processes."""

import itertools
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import spacy
import torch
import typer
from rich.console import Console
from spacy.tokens import DocBin

from .turns import by_turns

console = Console()
MODEL = typer.Argument(..., help="A pipeline's folder.")
TEXTS = typer.Argument(..., help="A .spacy file whose texts are used over and over again.")


def read_texts(path: Path) -> List[str]:
    return [doc.text for doc in DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab)]


def memory() -> float:
    """The memory of this process, in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def stream_command(
    model: Path = MODEL,
    words: int = typer.Option(10_000_000, help="The length of the stream."),
    new: float = typer.Option(0.01, help="Share of words that never occurred before."),
    zone: bool = typer.Option(True, help="Free the words of each piece of the stream with nlp.memory_zone."),
) -> None:
    """Measure memory over a stream of documents of 20 words, a share of which is new all the time."""
    torch.set_num_threads(1)
    nlp = spacy.load(model)
    numbers, draw = itertools.count(), random.Random(0)
    known = [f"word{i}" for i in range(20_000)]

    def texts(n_words: int) -> Iterator[str]:
        for _ in range(n_words // 20):
            yield " ".join(f"new{next(numbers)}" if draw.random() < new else draw.choice(known) for _ in range(20))

    step = words // 20
    began = time.perf_counter()
    for i in range(21):
        if i:
            if zone:
                with nlp.memory_zone():
                    seen = sum(len(doc) for doc in nlp.pipe(texts(step)))
            else:
                seen = sum(len(doc) for doc in nlp.pipe(texts(step)))
            assert seen == step
        done = {"words": i * step, "megabytes": round(memory()), "strings": len(nlp.vocab.strings)}
        console.print(json.dumps({**done, "words_per_second": round(i * step / (time.perf_counter() - began))}))


def kills_command(
    model: Path = MODEL,
    texts: Path = TEXTS,
    n: int = typer.Option(50, help="Kills."),
    documents: int = typer.Option(20_000, help="Documents."),
    workers: int = typer.Option(2, help="Processes of each run."),
    part_size: int = typer.Option(16, help="Kilobytes of a part."),
    output_format: str = typer.Option("jsonl", help="jsonl or parquet."),
    seed: int = typer.Option(0, help="The seed of the random moments."),
) -> None:
    """Kill `spacy-rnn apply` or one of its workers at random moments, until it is done, and count the documents."""
    found, draw = read_texts(texts), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "it.jsonl", Path(folder) / "out"
        rows = ({"id": f"d{i}", "text": found[i % len(found)]} for i in range(documents))
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = [sys.executable, "-m", "spacy_rnn", "apply", str(model), str(source), str(output), "--id", "id"]
        command += ["--workers", str(workers), "--part-size", str(part_size), "--output-format", output_format]
        killed = Counter[str]()
        runs = 0
        while not (output / "_SUCCESS.json").exists():
            runs += 1
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
                while process.poll() is None:
                    if sum(killed.values()) >= n or len(_children(process.pid)) < workers:
                        time.sleep(0.02)  # the program is still loading, or the last run may end
                        continue
                    time.sleep(draw.random() * 0.5)
                    children = _children(process.pid)
                    if children and sum(killed.values()) % 3:
                        kill(draw.choice(children))
                        killed["worker"] += 1
                    elif process.poll() is None:
                        kill(process.pid)
                        process.wait()
                        killed["whole run"] += 1
            time.sleep(0.2)
        names = Counter(row["id"] for path in sorted(output.glob("part-*")) for row in read_rows(path))
        doubled = sum(count > 1 for count in names.values())
        lost = documents - len(names)
        console.print(json.dumps({"runs": runs, **killed, "documents": documents, "lost": lost, "doubled": doubled}))
        if lost or doubled:
            raise typer.Exit(1)


def read_rows(path: Path) -> List[Dict[str, Any]]:
    """The documents of a part that was written."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    from pyarrow.parquet import read_table

    return read_table(path, columns=["id"]).to_pylist()


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _children(parent: int) -> List[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in brackets, may have blanks in it.
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def speed_command(
    model: Path = MODEL,
    texts: Path = TEXTS,
    words: int = typer.Option(100_000, help="Words to measure each way on."),
    repeats: int = typer.Option(3, help="Timed runs of each way, by turns."),
    only: str = typer.Option("", help="Some of the ways, joined by commas; all by default."),
) -> None:
    """Measure words/s of one pipeline used in several ways, from raw texts."""
    torch.set_num_threads(1)
    nlp, found = spacy.load(model), read_texts(texts)
    used = list(itertools.islice(itertools.cycle(found), round(words / (_words(nlp, found) / len(found)))))
    n = _words(nlp, used)
    ways: Dict[str, Callable[[], Any]] = {
        "pipe 1": lambda: consume(nlp.pipe(used)),
        "pipe 2": lambda: consume(nlp.pipe(used, n_process=2)),
        "threads 8": lambda: in_threads(nlp, used, 8),
        "apply 1": lambda: apply(nlp, used, workers=1),
        "apply 2": lambda: apply(nlp, used, workers=2),
        "ray 1": lambda: apply(nlp, used, workers=1, engine="ray"),
        "ray 2": lambda: apply(nlp, used, workers=2, engine="ray"),
    }
    chosen = only.split(",") if only else list(ways)

    def rate(way: Callable[[], Any]) -> float:
        start = time.perf_counter()
        return n / (way() or time.perf_counter() - start)

    # The first turn fills the caches and builds kernels.
    rates = by_turns({name: partial(rate, ways[name]) for name in chosen}, repeats, warm_up=True)
    for name, found_rates in rates.items():
        middle = round(statistics.median(found_rates))
        console.print(json.dumps({"way": name, "words_per_second": middle, "all": [*map(round, found_rates)]}))


def _words(nlp: Any, texts: List[str]) -> int:
    return sum(len(nlp.make_doc(text)) for text in texts)


def consume(docs: Any) -> None:
    for _ in docs:
        pass


def in_threads(nlp: Any, texts: List[str], n: int) -> None:
    parts = [texts[i : i + 500] for i in range(0, len(texts), 500)]
    with ThreadPoolExecutor(n) as pool:
        consume(pool.map(lambda part: consume(nlp.pipe(part)), parts))


def apply(nlp: Any, texts: List[str], **settings: Any) -> float:
    """The seconds of `spacy-rnn apply` with warm workers: from one finished part to the last, scaled to all parts."""
    from spacy_rnn.apply import ApplySettings, apply_pipeline

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "it.jsonl"
        source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        size = max(1, source.stat().st_size // 60)
        moments: List[Any] = []

        def changed(progress: Any) -> None:
            if not moments or progress.parts_done > moments[-1][0]:
                moments.append((progress.parts_done, time.perf_counter()))

        chosen = ApplySettings(part_size=size, output_format="jsonl", columns=["pos"], **settings)
        apply_pipeline(nlp, str(source), str(Path(folder) / "out"), chosen, changed=changed)
        skipped = 2 * settings["workers"]
        parts = moments[-1][0] - moments[skipped][0]
        return float((moments[-1][1] - moments[skipped][1]) * moments[-1][0] / parts)
