"""Trees per second in training and prediction, beside a network of the same cell that reads one tree at a time and, if
it is installed, the package pytorch-tree-lstm."""

import gc
import sys
import time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import numpy as np
import spacy
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy import util
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor, nn

from spacy_rnn.base.parses import read_trees
from spacy_rnn.data.gold_parse import build_gold_parse_corpus_v1
from spacy_rnn.pipeline.load import read_config

from .figures import write_json
from .paths import config_path
from .turns import by_turns, medians

Run = Callable[[int], float]
"""Trains or predicts a number of batches, and returns trees/s."""


class OneTreeAtATime(nn.Module):
    """The Child-Sum Tree-LSTM (Tai et al. 2015, eq. 2-8) as a recursion from the root down, node by node."""

    def __init__(self, n_words: int, width: int, n_labels: int):
        super().__init__()
        self.embed = nn.Embedding(n_words, width)
        self.input = nn.Linear(width, 4 * width)
        self.gates, self.forget = (nn.Linear(width, size * width, bias=False) for size in (3, 1))
        self.output = nn.Linear(width, n_labels)
        self.width = width

    def forward(self, words: Tensor, children: List[List[int]], root: int) -> Tensor:
        """words: (n,). Returns the scores of all nodes, (n, n_labels)."""
        projected = self.input(self.embed(words))
        states: Dict[int, Any] = {}

        def visit(node: int) -> Any:
            below = [visit(child) for child in children[node]]
            x = projected[node]
            if below:
                h, c = (torch.stack(part) for part in zip(*below))
                gates = x[: 3 * self.width] + self.gates(h.sum(0))
                kept = (torch.sigmoid(x[3 * self.width :] + self.forget(h)) * c).sum(0)
            else:
                gates, kept = x[: 3 * self.width], torch.zeros(self.width)
            i, o, u = gates.chunk(3)
            c = torch.sigmoid(i) * torch.tanh(u) + kept
            states[node] = (torch.sigmoid(o) * torch.tanh(c), c)
            return states[node]

        visit(root)
        return self.output(torch.stack([states[node][0] for node in range(len(words))]))


class Package(nn.Module):
    """pytorch-tree-lstm, which batches by level too, between an embedding and an output layer."""

    def __init__(self, n_words: int, width: int, n_labels: int):
        super().__init__()
        from treelstm import TreeLSTM  # type: ignore[import-not-found, unused-ignore]

        self.embed = nn.Embedding(n_words, width)
        self.tree = TreeLSTM(width, width)
        self.output = nn.Linear(width, n_labels)

    def forward(self, words: Tensor, trees: Any) -> Tensor:
        h, _ = self.tree(self.embed(words), trees["node_order"], trees["adjacency_list"], trees["edge_order"])
        return self.output(h)


class Batches:
    """Batches of one size, over and over again."""

    def __init__(self, items: List[Any], size: int):
        self.items, self.size, self.start = items, size, 0

    def take(self, n: int) -> List[List[Any]]:
        found = []
        for _ in range(n):
            if self.start + self.size > len(self.items):
                self.start = 0
            found.append(self.items[self.start : self.start + self.size])
            self.start += self.size
        return found


class Peer:
    """A peer on the same documents and labels, with torch's own optimizer. Its trees are prepared once: the network and
    the optimizer are timed."""

    def __init__(self, examples: List[Example], labels: List[str], width: int, batch_size: int, kind: str):
        self.kind = kind
        rows: Dict[int, int] = {}
        column = {label: i for i, label in enumerate(labels)}
        self.trees = Batches([self.prepare(example, rows, column) for example in examples], batch_size)
        build = OneTreeAtATime if kind == "one tree at a time" else Package
        self.model: nn.Module = build(len(rows), width, len(labels))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)

    def prepare(self, example: Example, rows: Dict[int, int], column: Dict[str, int]) -> Any:
        doc = example.reference
        heads = read_trees([doc]).heads.tolist()
        words = torch.tensor([rows.setdefault(token.norm, len(rows)) for token in doc])
        children: List[List[int]] = [[] for _ in heads]
        for node, head in enumerate(heads):
            if head != node:
                children[head].append(node)
        truth = torch.full((len(heads),), -100)
        for span in doc.spans["tree"]:
            truth[span.root.i] = column[span.label_]
        roots = [node for node, head in enumerate(heads) if node == head]
        found = {"words": words, "children": children, "root": roots[0], "truth": truth}
        if self.kind != "one tree at a time":
            from treelstm import calculate_evaluation_orders

            # The package expects the edges in the order of their heads.
            edges = np.array(sorted([head, node] for node, head in enumerate(heads) if head != node)).reshape(-1, 2)
            node_order, edge_order = calculate_evaluation_orders(edges, len(heads)) if len(edges) else ([0], [])
            found["orders"] = {
                "node_order": torch.as_tensor(node_order, dtype=torch.int64),
                "edge_order": torch.as_tensor(edge_order, dtype=torch.int64),
                "adjacency_list": torch.from_numpy(edges),
            }
        return found

    def scores(self, batch: List[Any]) -> Tensor:
        if self.kind == "one tree at a time":
            return torch.cat([self.model(tree["words"], tree["children"], tree["root"]) for tree in batch])
        starts = np.cumsum([0, *(len(tree["words"]) for tree in batch)])
        joined = {name: torch.cat([tree["orders"][name] for tree in batch]) for name in ("node_order", "edge_order")}
        adjacency = [tree["orders"]["adjacency_list"] + int(start) for tree, start in zip(batch, starts)]
        joined["adjacency_list"] = torch.cat(adjacency)
        return self.model(torch.cat([tree["words"] for tree in batch]), joined)

    def train(self, n: int) -> float:
        self.model.train()
        batches = self.trees.take(n)
        start = time.perf_counter()
        for batch in batches:
            truth = torch.cat([tree["truth"] for tree in batch])
            loss = nn.functional.cross_entropy(self.scores(batch), truth)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return n * self.trees.size / (time.perf_counter() - start)

    def predict(self, n: int) -> float:
        self.model.eval()
        batches = self.trees.take(n)
        start = time.perf_counter()
        with torch.inference_mode():
            for batch in batches:
                self.scores(batch)
        return n * self.trees.size / (time.perf_counter() - start)


class Ours:
    """`tree_rnn` in training, `update` with spaCy's optimizer, and in use, `nlp.pipe` over parsed documents.

    whole: time `nlp.update`; otherwise that of the component alone.
    """

    def __init__(self, config: Path, examples: List[Example], width: int, batch_size: int, whole: bool):
        encoder = "components.tree_rnn.model.tok2vec"
        overrides = {f"{encoder}.width": width, f"{encoder}.embed.words.width": width}
        settings = read_config(config, {**overrides, "paths.train": "", "paths.dev": ""}).interpolate()
        self.nlp = util.load_model_from_config(settings, auto_fill=True)
        training = util.registry.resolve(settings["training"], schema=spacy.schemas.ConfigSchemaTraining)
        self.drop, self.whole = training["dropout"], whole
        util.fix_random_seed(0)
        self.examples = Batches(examples, batch_size)
        self.nlp.initialize(lambda: examples)
        self.optimizer = training["optimizer"]
        self.pipe: Any = self.nlp.get_pipe("tree_rnn")

    def train(self, n: int) -> float:
        batches = self.examples.take(n)
        step = self.nlp.update if self.whole else self.pipe.update
        start = time.perf_counter()
        for batch in batches:
            step(batch, sgd=self.optimizer, drop=self.drop)
            self.optimizer.step_schedules()
        return n * self.examples.size / (time.perf_counter() - start)

    def predict(self, n: int) -> float:
        size = self.examples.size
        docs: List[Doc] = [example.predicted.copy() for example in self.examples.items[: n * size]]
        start = time.perf_counter()
        for _ in self.nlp.pipe(docs, batch_size=size):
            pass
        return len(docs) / (time.perf_counter() - start)


def trees_command(
    corpus: Path = typer.Argument(..., help="A .spacy file of parsed documents with labelled phrases, one tree each"),
    config: Optional[Path] = typer.Option(None, help="The training config; tree_sst.cfg by default"),
    output: Optional[Path] = typer.Option(None, help="JSON file for the figures"),
    width: int = typer.Option(150, help="The width of words and states"),
    batch_size: int = typer.Option(200, help="Trees in a batch"),
    slow_batch_size: int = typer.Option(25, help="Trees in a batch of the peers, as published"),
    repeats: int = typer.Option(5, help="Timed runs of each side, by turns"),
    threads: int = typer.Option(1, help="Threads of torch; OMP_NUM_THREADS sets those of other libraries"),
    limit: int = typer.Option(4000, help="Trees at most"),
) -> None:
    """Measure trees/s in training and prediction, beside one tree at a time and the package pytorch-tree-lstm."""
    torch.set_num_threads(threads)
    sys.setrecursionlimit(10_000)
    read = build_gold_parse_corpus_v1(corpus)(spacy.blank("en"))
    # Sentences only, without the fragments that may be among them.
    examples = list(islice((example for example in read if "tree" in example.reference.spans), limit))
    labels = sorted({span.label_ for example in examples for span in example.reference.spans["tree"]})
    config = config or config_path("tree_sst")
    ours, component = (Ours(config, examples, width, batch_size, whole) for whole in (True, False))
    sides: Dict[str, Dict[str, Run]] = {
        "spacy-rnn, nlp.update": {"train": ours.train, "predict": ours.predict},
        "spacy-rnn, the component alone": {"train": component.train, "predict": component.predict},
    }
    for kind in ("one tree at a time", "pytorch-tree-lstm"):
        try:
            peer = Peer(examples[:1000], labels, width, slow_batch_size, kind)
        except ImportError:
            continue
        sides[kind] = {"train": peer.train, "predict": peer.predict}
    # The documents stay, so that the garbage collector need not visit them.
    gc.collect()
    gc.freeze()
    runs = {
        (name, kind): partial(run, 10 if name.startswith("spacy-rnn") else 4)
        for name, kinds in sides.items()
        for kind, run in kinds.items()
    }
    timings = by_turns(runs, repeats, warm_up=True)
    results: Dict[str, Dict[str, float]] = {name: {} for name in sides}
    for (name, kind), speed in medians(timings).items():
        results[name][kind] = speed
    table = Table(title=f"trees/s at width {width}, {threads} thread(s), medians of {repeats}")
    for column in ("", "training", "prediction", "prediction : training"):
        table.add_column(column, justify="right" if column else "left")
    for name, found in results.items():
        ratio = found["predict"] / found["train"]
        table.add_row(name, f"{found['train']:,.0f}", f"{found['predict']:,.0f}", f"{ratio:.1f}x")
    Console().print(table)
    named = {", ".join(key): values for key, values in timings.items()}
    write_json(output, {"results": results, "timings": named, "threads": threads, "width": width})
