"""Tiny encoders, pipelines and documents."""

from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np
import spacy
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model

from spacy_rnn.shim import TorchShim

ROOT = Path(__file__).parents[1]

Row = Tuple[str, Optional[str], Optional[str], Optional[str]]

# (word, UPOS, XPOS, FEATS) of each token.
SENTENCES: List[List[Row]] = [
    [
        ("The", "DET", "DT", "Definite=Def"),
        ("cats", "NOUN", "NNS", "Number=Plur"),
        ("sleep", "VERB", "VBP", "Number=Plur|Tense=Pres"),
        (".", "PUNCT", ".", ""),
    ],
    [
        ("A", "DET", "DT", "Definite=Ind"),
        ("dog", "NOUN", "NN", "Number=Sing"),
        ("barked", "VERB", "VBD", "Tense=Past"),
    ],
    [
        ("She", "PRON", "PRP", "Gender=Fem|Number=Sing"),
        ("sleeps", "VERB", "VBZ", "Number=Sing|Tense=Pres"),
        ("well", "ADV", "RB", ""),
        (".", "PUNCT", ".", ""),
    ],
    [("Yes", "INTJ", "UH", "")],
]
TEXTS = [" ".join(row[0] for row in sentence) for sentence in SENTENCES]

# Nothing, blanks, one letter, a very long word, emoji, combining marks, noncharacters.
ODD_TEXTS = ["", " ", "\n\t  \n", "x", "ab" * 5000, "👩‍👩‍👧 🇧🇷 👍🏽", "ẹ̀kọ́ é à̂", "\u200b\ufdd0\ufffe\x00", "ok fine"]

words = st.text(st.characters(exclude_categories=["Cs", "Zs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8)
documents = st.lists(words, max_size=12)
batches = st.lists(documents, min_size=1, max_size=5)


def encoder_config(width: int = 16, precision: str = "fp32", vectors: bool = False, **rnn: Any) -> Dict[str, Any]:
    """The config block of a tiny encoder with all word features; `rnn` goes to spacy-rnn.RNN.v1."""
    return {
        "@architectures": "spacy-rnn.RNNEncoder.v1",
        "embed": {
            "@architectures": "spacy-rnn.WordFeatures.v1",
            # Low, since tests memorize their data.
            "words": {
                "@architectures": "spacy-rnn.WordEmbed.v1",
                "width": 8,
                "rows": 200,
                "word_dropout": 0.1,
                "precision": precision,
            },
            "chars": {
                "@architectures": "spacy-rnn.CharEmbed.v1",
                "width": 12,
                "char_width": 8,
                "rows": 200,
                "precision": precision,
            },
            "lexical": {"@architectures": "spacy-rnn.LexEmbed.v1", "width": 4, "rows": 100, "precision": precision},
            "vectors": {"@architectures": "spacy-rnn.StaticVectors.v1", "width": 6} if vectors else None,
            "width": 24,
            "precision": precision,
        },
        "encode": {
            "@architectures": "spacy-rnn.RNN.v1",
            "width": width,
            "precision": precision,
            "token_dropout": 0.0,
            **rnn,
        },
    }


def build(config: Dict[str, Any]) -> Model:
    """The model that a config block describes."""
    return registry.resolve({"model": config})["model"]


def tiny_encoder(**settings: Any) -> Model:
    """An initialized encoder, see `encoder_config`."""
    model = build(encoder_config(**settings))
    model.initialize(X=[make_doc(text.split()) for text in TEXTS])
    return model


def scatter_weights(model: Model, scale: float = 0.5) -> Model:
    """Draw all torch weights from a normal distribution, so that biases, learned states and output layers, which start
    from zero, change the result."""
    generator = np.random.default_rng(0)
    for shim in torch_shims(model):
        state = {
            name: tensor.new_tensor(generator.normal(0, scale, tuple(tensor.shape)))
            for name, tensor in shim.module.named_parameters()
        }
        shim.module.load_state_dict(state, strict=False)
        shim.mark_changed()
    return model


def torch_shims(model: Model) -> List[TorchShim]:
    return [shim for node in model.walk() for shim in node.shims if isinstance(shim, TorchShim)]


def component(nlp: Language, name: str = "rnn_tagger") -> Any:
    return nlp.get_pipe(name)


def make_doc(tokens: Sequence[str], vocab: Optional[Vocab] = None) -> Doc:
    return Doc(VOCAB if vocab is None else vocab, words=list(tokens))


VOCAB = spacy.blank("xx").vocab


def tagger_config(save_scores: bool = False, **settings: Any) -> Dict[str, Any]:
    """The config of an `rnn_tagger` with a tiny encoder; see `encoder_config` for those settings."""
    encoder = {name: settings.pop(name) for name in _ENCODER_SETTINGS if name in settings}
    precision = encoder.get("precision", "fp32")
    return {
        "model": {
            "@architectures": "spacy-rnn.Tagger.v1",
            "precision": precision,
            "tok2vec": encoder_config(**encoder),
        },
        "save_scores": save_scores,
        **settings,
    }


_ENCODER_SETTINGS = ("width", "precision", "vectors", "cell", "depth", "window", "context", "token_dropout")


def tagger_nlp(**settings: Any) -> Language:
    """A blank pipeline with an untrained `rnn_tagger`."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config=tagger_config(**settings))
    return nlp


def gold_doc(nlp: Language, sentence: Sequence[Row], **kwargs: Any) -> Doc:
    """A document with the annotations of `sentence`; None leaves a value unset."""
    doc = Doc(nlp.vocab, words=[row[0] for row in sentence], **kwargs)
    for token, (_, pos, tag, morph) in zip(doc, sentence):
        if pos is not None:
            token.pos_ = pos
        if tag is not None:
            token.tag_ = tag
        if morph is not None:
            token.set_morph(morph)  # type: ignore[attr-defined]
    return doc


def make_examples(nlp: Language, sentences: Iterable[Sequence[Row]] = SENTENCES) -> List[Example]:
    """Gold documents, and documents with the same words and no annotations."""
    golds = [gold_doc(nlp, sentence) for sentence in sentences]
    return [Example(Doc(nlp.vocab, words=[token.text for token in gold]), gold) for gold in golds]


def train(nlp: Language, examples: List[Example], steps: int = 30, *, rate: float = 0.02, **kwargs: Any) -> List[float]:
    """Initialize and train a pipeline. Returns the sum of all losses of each step."""
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = rate
    history = []
    for _ in range(steps):
        losses: Dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=losses, **kwargs)
        history.append(sum(losses.values()))
    return history


def trained_tagger(steps: int = 30, **settings: Any) -> Language:
    """A pipeline whose tagger has memorized `SENTENCES`."""
    nlp = tagger_nlp(**settings)
    train(nlp, make_examples(nlp), steps)
    return nlp


def annotations(doc: Doc) -> List[Row]:
    """The annotations of a document, as `gold_doc` takes them."""
    return [(token.text, token.pos_, token.tag_, str(token.morph)) for token in doc]


def tag(nlp: Language, texts: Iterable[str], **kwargs: Any) -> List[List[Row]]:
    return [annotations(doc) for doc in nlp.pipe(texts, **kwargs)]


def assert_all_close(first: Sequence[np.ndarray], second: Sequence[np.ndarray], tolerance: float = 1e-5) -> None:
    """Two lists of arrays agree in shape and, to a tolerance, in value."""
    assert [x.shape for x in first] == [x.shape for x in second]
    for one, other in zip(first, second):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
