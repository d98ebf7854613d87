"""Nothing to predict, to learn from or to score: no error, no perfect score."""

from typing import Any, Callable, Dict, List

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..helpers import trained_tagger
from ..tree_helpers import trained_tree
from .lemmatizer.lemmas import trained_lemmatizer
from .ner.entities import trained_ner
from .parser.parsers import trained_parser
from .spancat.nested import trained_spancat
from .texts import TEXTS, make_texts, train_texts, trained_textcat
from .transducer.transducers import CHARS, trained_transducer

MAKERS: Dict[str, Callable[[], Language]] = {
    "rnn_tagger": lambda: trained_tagger(1),
    "rnn_parser": lambda: trained_parser(1),
    "rnn_ner": lambda: trained_ner(1, save_probs=True),
    "rnn_spancat": lambda: trained_spancat(1, save_probs=True),
    "rnn_textcat": lambda: trained_textcat(steps=1),
    "rnn_textcat_multilabel": lambda: trained_textcat(False, steps=1),
    "tree_rnn": lambda: trained_tree(1),
    "rnn_lemmatizer": lambda: trained_lemmatizer(1),
    "rnn_transducer": lambda: trained_transducer(CHARS, "char", 1),
}
# Errors, of which 0 is perfect.
ERRORS = ("cer", "mae", "ece")
BOW = {"length": 64, "ngram_size": 1, "no_output_layer": False}
TOK2VEC = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 8, "depth": 1,
           "embed_size": 20, "window_size": 1, "maxout_pieces": 2, "subword_features": True}  # fmt: skip
MODELS: Dict[str, Dict[str, Any]] = {
    "bow": {"@architectures": "spacy.TextCatBOW.v3", **BOW},
    "reduce": {"@architectures": "spacy.TextCatReduce.v1", "tok2vec": TOK2VEC, "use_reduce_first": True,
               "use_reduce_last": True, "use_reduce_max": True, "use_reduce_mean": True},
    "ensemble": {"@architectures": "spacy.TextCatEnsemble.v2", "tok2vec": TOK2VEC,
                 "linear_model": {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, **BOW}},
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_is_scored_as_perfect(name: str) -> None:
    nlp = MAKERS[name]()
    bare = [Example(nlp.make_doc("a b"), nlp.make_doc("a b")) for _ in range(2)]
    if name == "tree_rnn":
        bare = [Example(doc, doc.copy()) for doc in [Doc(nlp.vocab, words=["a"], heads=[0], deps=["ROOT"])] * 2]
    for examples in ([], bare, [Example(Doc(nlp.vocab), Doc(nlp.vocab))]):
        for key, value in nlp.evaluate(examples).items():
            perfect = 0.0 if key.endswith(ERRORS) else 1.0
            assert value != perfect or key.startswith("token_"), key


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("exclusive", [True, False])
def test_documents_without_tokens(name: str, exclusive: bool) -> None:
    """By models of spaCy's, which take no batch without tokens."""
    nlp = spacy.blank("en")
    model = dict(MODELS[name])
    if name != "ensemble":
        model["exclusive_classes"] = exclusive
    else:
        model["linear_model"] = {**model["linear_model"], "exclusive_classes": exclusive}
    nlp.add_pipe("rnn_textcat" if exclusive else "rnn_textcat_multilabel", config={"model": model})
    train_texts(nlp, 1)
    assert nlp("").cats == {"negative": 0.0, "positive": 0.0}
    assert [len(doc.cats) for doc in nlp.pipe(["", " ", "\n", TEXTS[0]])] == [2] * 4
    empty = make_texts(nlp, ["", ""])
    optimizer = nlp.resume_training()
    assert all(loss == 0.0 for loss in nlp.update(empty, sgd=optimizer).values())
    nlp.rehearse(empty, sgd=optimizer)
    nlp.update([*empty, *make_texts(nlp, [" ", "\n"])], sgd=optimizer)
    assert nlp.evaluate(empty)["cats_score"] is not None


@pytest.mark.parametrize("name", ["rnn_textcat", "rnn_textcat_multilabel", "tree_rnn"])
def test_the_loss_of_a_categorizer_is_a_mean(name: str) -> None:
    """As in spaCy; those of a tagger and of a lemmatizer are sums."""
    from ..tree_helpers import reviews

    nlp = MAKERS[name]()
    pipe: Any = nlp.get_pipe(name)
    examples: List[Example] = reviews(nlp) if name == "tree_rnn" else make_texts(nlp)

    def loss(examples: List[Example]) -> float:
        inputs = pipe._inputs(examples)
        return float(pipe.get_loss(examples, pipe.model.predict(inputs))[0])

    assert loss(examples * 2) == pytest.approx(loss(examples), rel=1e-5) != 0.0


@pytest.mark.parametrize(
    ("name", "architecture"), [("tree_rnn", "spacy-rnn.TreeRNN.v1"), ("rnn_textcat", "spacy-rnn.TextCat.v1")]
)
def test_encoders_that_take_no_batch_without_tokens(name: str, architecture: str) -> None:
    embed = {"@architectures": "spacy.MultiHashEmbed.v2", "width": 8, "attrs": ["NORM"], "rows": [50],
             "include_static_vectors": False}  # fmt: skip
    encode = {"@architectures": "spacy.TorchBiLSTMEncoder.v1", "width": 8, "depth": 1, "dropout": 0.0}
    tok2vec = {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode}
    nlp = spacy.blank("en")
    nlp.add_pipe(name, config={"model": {"@architectures": architecture, "tok2vec": tok2vec}})
    gold = Doc(nlp.vocab, words=["good"], heads=[0], deps=["ROOT"])
    gold.cats = {"low": 0.0, "high": 1.0}
    nlp.initialize(lambda: [Example(gold.copy(), gold)])
    found = list(nlp.pipe([Doc(nlp.vocab), Doc(nlp.vocab)]))
    assert all(sum(doc.cats.values()) == pytest.approx(1.0) for doc in found)
    assert nlp.evaluate([Example(Doc(nlp.vocab), Doc(nlp.vocab))])
