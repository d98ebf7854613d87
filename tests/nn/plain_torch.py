"""A program that `test_face` runs: every public module of `spacy_rnn.nn` learns without spaCy and Thinc."""

from typing import Any, Callable, Dict, Tuple, Type

import numpy as np
import torch
from torch import Tensor

from spacy_rnn import nn

LENGTHS = np.array([3, 0, 4])
X = torch.randn(7, 6, requires_grad=True)
BLOCK = next(iter(nn.lay_out(LENGTHS)))
KEYS = np.arange(7, dtype=np.uint64)
ROWS = torch.arange(7)
HEADS = np.array([1, 1, 1, 4, 4, 4, 5])
BAGS = nn.bag_ngrams(KEYS, LENGTHS, longest=2, buckets=20)
N_GRAMS = torch.from_numpy(BAGS.rows), torch.from_numpy(BAGS.starts)


def run(module: torch.nn.Module, *inputs: Any) -> Tuple[torch.nn.Module, Tensor]:
    nn.set_dropout(module, 0.1)
    return module, module(*inputs)


def run_growing_embedding() -> Tuple[torch.nn.Module, Tensor]:
    table = nn.GrowingEmbedding(9, 4)
    table.learn(np.array([70, 80]), np.array([1, 2]))
    return run(table, torch.from_numpy(table.find(np.array([80, 90]))))


def run_lexicon() -> Tuple[torch.nn.Module, Tensor]:
    """Two forms, one with two analyses."""
    starts, members = np.array([0, 0, 1, 3], dtype=np.int32), np.array([0, 0, 1], dtype=np.int32)
    strings = np.frombuffer(b'{"tags": ["N|Sg", "V"], "rules": [[0, 0, ""]]}', np.uint8)
    sets = np.array([1, 2], dtype=np.uint16)
    arrays = {"keys": np.array([7, 8]), "sets": sets, "endings": np.array([9, 10]), "ending_sets": sets}
    analyses = np.array([[0, 0], [1, 0]], dtype=np.int32)
    embedding = nn.LexiconEmbedding(parts=3, tags=2, classes=3, width=4)
    embedding.use(
        nn.Lexicon({**arrays, "starts": starts, "members": members, "analyses": analyses, "strings": strings})
    )
    assert embedding.lexicon is not None
    return run(embedding, *embedding.bags(embedding.lexicon.find(KEYS + np.uint64(5))))


def run_ngrams() -> Tuple[torch.nn.Module, Tensor]:
    scores = nn.NgramScores(20, 2)
    scores.learn(BAGS)
    return run(scores, *N_GRAMS)


def run_word_ngrams() -> Tuple[torch.nn.Module, Tensor]:
    scores = nn.WordNgramScores(20, 2)
    words = nn.WordBags(BAGS.rows, BAGS.starts, np.array([0, 2, 2]), np.array([0, 2]))
    scores.learn(words)
    return run(scores, *map(torch.from_numpy, (words.rows, words.starts, words.words, words.text_starts)))


def run_contextual() -> Tuple[torch.nn.Module, Tensor]:
    lms = [nn.CharLM(4, 4, 3, 5) for _ in range(2)]
    return run(nn.ContextualStrings(*lms), [nn.TextPlaces(np.array([97, 98]), np.array([0, 1]), np.array([1, 2]))])


def run_char_lm() -> Tuple[torch.nn.Module, Tensor]:
    lm = nn.CharLM(4, 4, 3, 5, order=2, rows=8)
    logits, state = lm(torch.ones(3, 2, dtype=torch.int64), lm.start(2))
    assert isinstance(state, nn.LMState)
    return lm, logits


def run_attention() -> Tuple[torch.nn.Module, Tensor]:
    attention = nn.Attention(6, 6, 4, "additive")
    block = X[BLOCK.rows].transpose(0, 1)
    return run(attention, block, torch.arange(block.shape[1]), attention.keys(block), BLOCK.mask.t())


def run_decoder() -> Tuple[torch.nn.Module, Tensor]:
    decoder = nn.Decoder(5, 4, 6, 6)
    assert decoder.attention is not None
    vectors = X[BLOCK.rows].transpose(0, 1)
    memory = nn.Memory(vectors, decoder.attention.keys(vectors), BLOCK.mask.t(), torch.ones_like(BLOCK.rows.t()))
    targets = torch.ones(2, 2, dtype=torch.int64)
    y, weights, _ = decoder(targets, torch.zeros(1, 2, 2, 6), memory)
    return decoder, decoder.log_likelihood(y, weights, memory, targets)


def run_seq2seq() -> Tuple[torch.nn.Module, Tensor]:
    network = nn.Seq2Seq(8, 8, width=4, hidden_size=6)
    sources = nn.Sources(ROWS.numpy(), LENGTHS[[0, 2]], ROWS.numpy(), 8)
    found = network.eval()(sources, nn.Search(np.array([3, 1]), beams=2))
    assert isinstance(found, nn.Decoded) and all(isinstance(best[0], nn.Hypothesis) for best in found.hypotheses)
    targets = nn.Targets(np.array([2, 1, 1]), np.array([2, 1]), np.zeros(2, dtype=np.int64))
    return run(network.train(), sources, targets)


def run_parser() -> Tuple[torch.nn.Module, Tensor]:
    parser = nn.BiaffineParser(6, 5, arc_size=4, label_size=3)
    sentences = nn.Sentences(ROWS.numpy(), LENGTHS)
    found = parser.eval()(X, sentences, nn.TreeSearch(marginals=True))
    assert isinstance(found, nn.Parses) and parser(X, sentences, nn.StartSearch()).shape == (7,)
    return run(
        parser.train(), X, sentences, nn.TreeTargets(np.array([2, 0, 2, 0, 1, 1, 2]), np.array([0, 4, 1, 4, 1, 2, 2]))
    )


def run_crf() -> Tuple[torch.nn.Module, Tensor]:
    crf, lengths = nn.EntityCRF(6, 2), LENGTHS[LENGTHS > 0]
    found = crf.eval()(X, lengths, nn.EntitySearch(marginals=True))
    assert isinstance(found, nn.EntityTags) and len(nn.spans_of(found.tags, 2).starts) < 7
    return run(crf.train(), X, lengths, nn.EntityTargets(nn.tags_of(nn.Spans(*np.array([[0], [2], [1]])), 7, 2)))


def run_spans() -> Tuple[torch.nn.Module, Tensor]:
    network, lengths = nn.BiaffineSpans(6, 2, edge_size=4), LENGTHS[LENGTHS > 0]
    edges = np.ones(7, dtype=bool)
    found = network.eval()(X, lengths, nn.SpanSearch(edges))
    assert isinstance(found, nn.FoundSpans) and len(found.probabilities) == 0
    return run(network.train(), X, lengths, nn.SpanTargets(nn.Spans(*np.array([[0], [2], [1]])), edges))


CASES: Dict[Type[torch.nn.Module], Callable[[], Tuple[torch.nn.Module, Tensor]]] = {
    nn.RNN: lambda: run(nn.RNN(6, 3, depth=2, token_dropout=0.2), X, nn.lay_out(LENGTHS)),
    nn.RecurrentLayer: lambda: run(nn.RecurrentLayer(6, 3, "gru"), X.view(7, 1, 6)),
    nn.TreeNet: lambda: run(
        nn.TreeNet(6, 3, top_down=True, label_size=2),
        X,
        nn.build_batch(nn.Trees.from_heads(HEADS), top_down=True),
        np.zeros(7, dtype=np.int64),
    ),
    nn.TreeOutput: lambda: run(nn.TreeOutput(6, 2, "attention"), X, torch.tensor([1, 4]), torch.tensor([0, 1]), 2),
    nn.GrowingEmbedding: run_growing_embedding,
    nn.HashEmbedding: lambda: run(nn.HashEmbedding(9, 4), ROWS.expand(2, 7)),
    nn.LexicalTables: lambda: run(nn.LexicalTables(2, 9, 4), torch.zeros(2, 2, 7, dtype=torch.int64)),
    nn.KnownVectors: lambda: run(nn.KnownVectors(6, 4, rows=9, dropout=0.2), X, torch.ones_like(ROWS), ROWS),
    nn.LexiconEmbedding: run_lexicon,
    nn.CharEncoder: lambda: run(nn.CharEncoder(9, 4, 3), ROWS, nn.lay_out(LENGTHS)),
    nn.ContextualStrings: run_contextual,
    nn.Pool: lambda: run(nn.Pool(6, "attention"), X[BLOCK.rows], BLOCK.lengths, BLOCK.mask),
    nn.SequencePool: lambda: run(nn.SequencePool(6, ["last", "max", "mean", "attention"], heads=2), X, LENGTHS),
    nn.TextPool: lambda: run(
        nn.TextPool(6, ["mean"], segment_width=4, hidden=5),
        X,
        nn.Pieces(LENGTHS, np.array([1, 2, 4]), np.array([2, 0, 1])),
    ),
    nn.Attention: run_attention,
    nn.LinearOutput: lambda: run(nn.LinearOutput(6, 2), X),
    nn.ClassifierOutput: lambda: run(nn.ClassifierOutput(6, 2, buckets=20), X[:3], *N_GRAMS),
    nn.Maxout: lambda: run(nn.Maxout(6, 2), X),
    nn.NgramScores: run_ngrams,
    nn.WordNgramScores: run_word_ngrams,
    nn.Decoder: run_decoder,
    nn.Seq2Seq: run_seq2seq,
    nn.BiaffineParser: run_parser,
    nn.EntityCRF: run_crf,
    nn.BiaffineSpans: run_spans,
    nn.CharLM: run_char_lm,
    nn.SequenceDropout: lambda: run(nn.SequenceDropout(), X),
    nn.TokenDropout: lambda: run(nn.TokenDropout(6, 0.5), X),
    nn.UnitDropout: lambda: run(nn.UnitDropout(), X),
}

if __name__ == "__main__":
    exported = [getattr(nn, name) for name in nn.__all__]
    assert set(CASES) == {item for item in exported if isinstance(item, type) and issubclass(item, torch.nn.Module)}
    assert all(item.__doc__ for item in exported if callable(item))
    for kind, case in CASES.items():
        X.grad = None
        module, output = case()
        assert type(module) is kind and len(output) and output.isfinite().all()
        (output * torch.randn_like(output)).sum().backward()
        leaves = (X, *module.parameters())
        gradients = [leaf.grad.to_dense() for leaf in leaves if leaf.grad is not None]
        assert gradients and all(gradient.isfinite().all() for gradient in gradients), kind
