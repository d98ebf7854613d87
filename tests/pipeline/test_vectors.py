"""A pipeline with word vectors: its files have the table once, and every way of running it gives the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.vectors import Vectors

from ..helpers import TEXTS, component, encoder_config, make_examples, tag, train

ROWS, WIDTH = 4000, 10


def blank(rows: int = ROWS) -> Language:
    nlp = spacy.blank("xx")
    nlp.vocab.vectors = Vectors(shape=(rows, WIDTH), strings=nlp.vocab.strings)
    rng = np.random.default_rng(0)
    for word in sorted({word for text in TEXTS for word in text.lower().split()}):
        vector: Any = rng.normal(size=WIDTH).astype("f")
        nlp.vocab.set_vector(word, vector)
    return nlp


def with_tagger(nlp: Language) -> Language:
    encoder = encoder_config()
    encoder["embed"]["vectors"] = {
        "@architectures": "spacy-rnn.StaticVectors.v2",
        "width": 6,
        "trainable": True,
        "dropout": 0.1,
        "precision": "fp32",
    }
    model = {"@architectures": "spacy-rnn.Tagger.v1", "precision": "fp32", "tok2vec": encoder}
    nlp.add_pipe("rnn_tagger", config={"model": model})
    return nlp


@pytest.fixture(scope="module")
def trained() -> Language:
    nlp = with_tagger(blank())
    train(nlp, make_examples(nlp), 30)
    assert tag(nlp, TEXTS) == tag(nlp, TEXTS)
    return nlp


def test_needs_vectors() -> None:
    nlp = with_tagger(spacy.blank("xx"))
    with pytest.raises(ValueError, match="R009.*paths.vectors"):
        nlp.initialize(lambda: make_examples(nlp))


def test_saved_once(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    table = ROWS * WIDTH * 4
    sizes = {path.name: path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()}
    assert table <= sizes["vectors"] < 1.1 * table
    assert sum(sizes.values()) < 1.8 * table
    small = with_tagger(blank(40))
    train(small, make_examples(small), 1)
    assert abs(len(component(trained).model.to_bytes()) - len(component(small).model.to_bytes())) < 100
    loaded = spacy.load(tmp_path)
    assert tag(loaded, TEXTS) == tag(trained, TEXTS)
    copied = with_tagger(spacy.blank("xx")).from_bytes(trained.to_bytes())
    assert tag(copied, TEXTS) == tag(trained, TEXTS)


def test_sourced(trained: Language) -> None:
    """A component that is taken from another pipeline reads the vectors of its new one."""
    nlp = blank()
    nlp.add_pipe("rnn_tagger", source=trained)
    assert tag(nlp, TEXTS) == tag(trained, TEXTS)
    nlp.vocab.vectors.data *= -1.0
    vectors = [component(pipe).model.get_ref("tok2vec").predict([pipe.make_doc("cats")])[0] for pipe in (nlp, trained)]
    assert not np.allclose(*vectors)


def test_processes(trained: Language) -> None:
    assert tag(trained, TEXTS, n_process=2) == tag(trained, TEXTS)


def test_initialized_with_vectors(trained: Language, tmp_path: Path) -> None:
    """As `spacy train` does: the table comes from a folder that the config names."""
    blank().to_disk(tmp_path / "vectors")
    DocBin(docs=[example.reference for example in make_examples(trained)]).to_disk(tmp_path / "train.spacy")
    nlp = with_tagger(spacy.blank("xx"))
    nlp.config["initialize"]["vectors"] = str(tmp_path / "vectors")
    nlp.initialize(lambda: make_examples(nlp))
    assert nlp.vocab.vectors.shape == (ROWS, WIDTH)
    assert len(tag(nlp, TEXTS)) == len(TEXTS)


def test_shared_by_listeners() -> None:
    """Under a `tok2vec` component and under spaCy's own tagger."""
    nlp = blank()
    encoder = encoder_config(width=8)
    encoder["embed"]["vectors"] = {"@architectures": "spacy-rnn.StaticVectors.v2", "width": 6, "trainable": True}
    nlp.add_pipe("tok2vec", config={"model": encoder})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 8, "upstream": "*"}
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    examples = make_examples(nlp)
    losses = train(nlp, examples, 60)
    assert losses[-1] < 0.2 * losses[0]
    before = [doc.tensor for doc in nlp.pipe(TEXTS)]
    vector: Any = np.ones(WIDTH, dtype="f")
    nlp.vocab.set_vector("cats", vector)
    after = [doc.tensor for doc in nlp.pipe(TEXTS)]
    assert not np.allclose(before[0], after[0]) and np.allclose(before[3], after[3])
