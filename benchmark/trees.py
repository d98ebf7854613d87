"""Trees per second in training and prediction, beside a network of the same cell that takes one tree at a time and,
where it is installed, the package pytorch-tree-lstm, all in one run."""

import gc
import sys
import time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, List

import numpy as np
import spacy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy import util
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Config
from torch import Tensor, nn

from spacy_rnn.base.parses import read_trees
from spacy_rnn.data.gold_parse import build_gold_parse_corpus_v1

from .turns import by_turns, medians

Run = Callable[[int], float]
"""Trains or predicts that many batches, and returns trees/s."""


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
    """pytorch-tree-lstm between an embedding and an output layer; batched by level too."""

    def __init__(self, n_words: int, width: int, n_labels: int):
        super().__init__()
        from treelstm import TreeLSTM  # type: ignore[import-not-found, unused-ignore]

        self.embed = nn.Embedding(n_words, width)
        self.tree = TreeLSTM(width, width)
        self.output = nn.Linear(width, n_labels)

    def forward(self, words: Tensor, trees: Any) -> Tensor:
        h, _ = self.tree(self.embed(words), trees["node_order"], trees["adjacency_list"], trees["edge_order"])
        return self.output(h)


class Peer:
    """What the peers have in common: the same documents, the same labels, torch's own optimizer. Their trees are laid
    out once, beforehand; what is timed is the network and the optimizer."""

    def __init__(self, examples: List[Example], labels: List[str], width: int, batch_size: int, kind: str):
        self.kind, self.batch_size = kind, batch_size
        rows: Dict[int, int] = {}
        column = {label: i for i, label in enumerate(labels)}
        self.trees = [self.lay_out(example, rows, column) for example in examples]
        build = OneTreeAtATime if kind == "one tree at a time" else Package
        self.model: nn.Module = build(len(rows), width, len(labels))
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)
        self.place = 0

    def lay_out(self, example: Example, rows: Dict[int, int], column: Dict[str, int]) -> Any:
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

            # It takes the edges of a head to stand together, heads in order.
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

    def batches(self, n: int) -> List[List[Any]]:
        found = []
        for _ in range(n):
            if self.place + self.batch_size > len(self.trees):
                self.place = 0
            found.append(self.trees[self.place : self.place + self.batch_size])
            self.place += self.batch_size
        return found

    def train(self, n: int) -> float:
        self.model.train()
        batches = self.batches(n)
        start = time.perf_counter()
        for batch in batches:
            truth = torch.cat([tree["truth"] for tree in batch])
            loss = nn.functional.cross_entropy(self.scores(batch), truth)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        return n * self.batch_size / (time.perf_counter() - start)

    def predict(self, n: int) -> float:
        self.model.eval()
        batches = self.batches(n)
        start = time.perf_counter()
        with torch.inference_mode():
            for batch in batches:
                self.scores(batch)
        return n * self.batch_size / (time.perf_counter() - start)


class Ours:
    """`tree_rnn` as it is trained and used: `update` with spaCy's optimizer, and `nlp.pipe` over parsed documents."""

    def __init__(self, config: Path, examples: List[Example], width: int, batch_size: int, whole: bool):
        settings = util.load_config(config, interpolate=False)
        overrides = {"components.tree_rnn.model.tok2vec.width": width, "paths.train": "", "paths.dev": ""}
        overrides["components.tree_rnn.model.tok2vec.embed.words.width"] = width
        settings = util.load_config(config, overrides=overrides, interpolate=True)
        self.nlp = util.load_model_from_config(Config(settings), auto_fill=True)
        training = util.registry.resolve(settings["training"], schema=spacy.schemas.ConfigSchemaTraining)
        self.drop, self.batch_size, self.whole = training["dropout"], batch_size, whole
        util.fix_random_seed(0)
        self.examples = examples
        self.nlp.initialize(lambda: examples)
        self.optimizer = training["optimizer"]
        self.pipe: Any = self.nlp.get_pipe("tree_rnn")
        self.place = 0

    def train(self, n: int) -> float:
        batches = []
        for _ in range(n):
            if self.place + self.batch_size > len(self.examples):
                self.place = 0
            batches.append(self.examples[self.place : self.place + self.batch_size])
            self.place += self.batch_size
        step = self.nlp.update if self.whole else self.pipe.update
        start = time.perf_counter()
        for batch in batches:
            step(batch, sgd=self.optimizer, drop=self.drop)
            self.optimizer.step_schedules()
        return n * self.batch_size / (time.perf_counter() - start)

    def predict(self, n: int) -> float:
        docs: List[Doc] = [example.predicted.copy() for example in self.examples[: n * self.batch_size]]
        start = time.perf_counter()
        for _ in self.nlp.pipe(docs, batch_size=self.batch_size):
            pass
        return len(docs) / (time.perf_counter() - start)


def trees_command(
    corpus: Path = typer.Argument(..., help="A .spacy file of parsed documents with labelled phrases, one tree each"),
    config: Path = typer.Option(Path("configs/tree_sst.cfg"), help="Training config"),
    output: Path = typer.Option(None, help="JSON file for the figures"),
    width: int = typer.Option(150, help="Of words and states"),
    batch_size: int = typer.Option(200, help="Trees a batch"),
    slow_batch_size: int = typer.Option(25, help="Trees a batch of the peers, as published"),
    repeats: int = typer.Option(5, help="Timed runs of each, alternating"),
    threads: int = typer.Option(1, help="Threads that torch may use; set OMP_NUM_THREADS for the rest"),
    limit: int = typer.Option(4000, help="Trees to take"),
) -> None:
    """Trees/s in training and prediction, beside one tree at a time and the package pytorch-tree-lstm."""
    torch.set_num_threads(threads)
    sys.setrecursionlimit(10_000)
    read = build_gold_parse_corpus_v1(corpus)(spacy.blank("en"))
    # Sentences only, not the fragments of them that may be there too.
    examples = list(islice((example for example in read if "tree" in example.reference.spans), limit))
    labels = sorted({span.label_ for example in examples for span in example.reference.spans["tree"]})
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
    # What was read stays; the collector need not look at it again and again.
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
    if output is not None:
        named = {", ".join(key): values for key, values in timings.items()}
        srsly.write_json(output, {"results": results, "timings": named, "threads": threads, "width": width})
