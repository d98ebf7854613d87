"""Prediction beside its bare kernels: the recurrent layers and the output layer alone, on the same padded shapes, at
the same precision, in the same run."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any, Dict, List

import torch
import typer
from rich.console import Console
from torch import nn

from .pipelines import load_at
from .tagger.corpus import read


def limit_command(
    model: Path = typer.Argument(..., help="A trained pipeline", exists=True),
    treebank: Path = typer.Argument(..., help="Folder of *-ud-{train,dev,test}.conllu", exists=True, file_okay=False),
    precision: str = typer.Option("auto", help="auto, bf16 or fp32"),
    threads: int = typer.Option(1, min=1, help="Threads of torch"),
) -> None:
    """Measure prediction beside its bare kernels, the most that it could reach."""
    torch.set_num_threads(threads)
    found = measure(load_at(model, precision), read(treebank, "train").words)
    Console().print({name: round(value, 2) for name, value in found.items()})


def measure(nlp: Any, words: List[List[str]], repeats: int = 5) -> Dict[str, float]:
    """Words/s of the pipeline and of the kernels, medians of runs by turns; and the share of padding.

    nlp: a pipeline with one `rnn_tagger` that has one recurrent layer in two directions. words: those of each sentence.
    """
    from spacy.tokens import Doc

    n_words = sum(map(len, words))
    shapes, kernels = _kernels(nlp, [len(sentence) for sentence in words])
    tagging, bare = [], []
    for _ in range(repeats + 1):
        docs = [Doc(nlp.vocab, words=sentence) for sentence in words]
        start = time.perf_counter()
        for _ in nlp.pipe(docs):
            pass
        tagging.append(time.perf_counter() - start)
        start = time.perf_counter()
        kernels()
        bare.append(time.perf_counter() - start)
    # The first turn fills the caches.
    seconds, limit = statistics.median(tagging[1:]), statistics.median(bare[1:])
    return {
        "words_per_second": n_words / seconds,
        "kernels_words_per_second": n_words / limit,
        "times_the_kernels": seconds / limit,
        "cells_per_word": sum(steps * batch for steps, batch in shapes) / n_words,
    }


def _kernels(nlp: Any, lengths: List[int]) -> Any:
    import numpy as np

    from spacy_rnn.nn.layout import lay_out
    from spacy_rnn.shim import resolve_precision

    model = nlp.get_pipe("rnn_tagger").model
    encode, head = model.get_ref("tok2vec").get_ref("encode"), model.get_ref("output_layer")
    network, output = encode.shims[0].module, head.shims[0].module.linear
    dtype = resolve_precision(encode.shims[0].precision, torch.device("cpu"))
    layers = [network.forward_layers[0].rnn, network.backward_layers[0].rnn]
    # New modules, since casting the pipeline's own would change it.
    copies = [type(layer)(layer.input_size, layer.hidden_size).to(dtype) for layer in layers]
    groups = nlp.get_pipe("rnn_tagger").codec.groups
    columns = groups["morph"].stop if "morph" in groups else output.out_features
    linear = nn.Linear(output.in_features, columns).to(dtype)
    shapes = []
    for start in range(0, len(lengths), nlp.batch_size):
        part = np.array(lengths[start : start + nlp.batch_size], dtype=np.int64)
        blocks = lay_out(part, window=encode.attrs["window"], context=encode.attrs["context"])
        shapes += [tuple(block.rows.shape) for block in blocks]
    inputs = [torch.randn(*shape, copies[0].input_size).to(dtype) for shape in shapes]
    vectors = torch.randn(sum(lengths[: nlp.batch_size]), output.in_features).to(dtype)
    batches = -(-len(lengths) // nlp.batch_size)

    def run() -> None:
        with torch.inference_mode():
            for x in inputs:
                for layer in copies:
                    layer(x)
            for _ in range(batches):
                linear(vectors)

    return shapes, run
