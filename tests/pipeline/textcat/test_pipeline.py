"""Text categorizers among other components, in several processes, under spaCy's commands, and what they attended to."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
import srsly
from spacy.cli.debug_data import debug_data
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Adam

from ...helpers import ROOT, component, encoder_config
from ..test_processes import run
from ..texts import (
    BAG_OF_WORDS,
    BOTH,
    CATS,
    NAMES,
    POLARITY,
    TEXTS,
    best,
    close,
    make_texts,
    read_cats,
    textcat_config,
    textcat_nlp,
    train_texts,
    trained_textcat,
)

CONFIG = ROOT / "project" / "texts" / "configs" / "textcat_sentiment.cfg"


def shared_pipeline() -> Any:
    nlp = spacy.blank("xx")
    nlp.add_pipe("tok2vec", config={"model": encoder_config(16)})
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "tok2vec"}
    nlp.add_pipe("rnn_textcat", config=textcat_config(model={"tok2vec": listener}))
    return nlp


def test_listener(tmp_path: Path) -> None:
    nlp = shared_pipeline()
    losses = train_texts(nlp, 60)
    assert losses[-1] < 0.1 * losses[0]
    assert best(nlp) == POLARITY
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert close(read_cats(loaded), read_cats(nlp), 1e-6)
    loaded.replace_listeners("tok2vec", "rnn_textcat", ["model.tok2vec"])
    assert close(read_cats(loaded), read_cats(nlp), 1e-6)


def test_frozen_tok2vec() -> None:
    """Only the categorizer learns, on an encoder that stays what it was."""
    nlp = shared_pipeline()
    examples = make_texts(nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.02)
    before = component(nlp, "tok2vec").model.to_bytes()
    losses: List[float] = []
    for _ in range(40):
        step: Dict[str, float] = {}
        nlp.update(examples, sgd=optimizer, losses=step, exclude=["tok2vec"], annotates=["tok2vec"])
        losses.append(step["rnn_textcat"])
    assert component(nlp, "tok2vec").model.to_bytes() == before
    assert losses[-1] < 0.9 * losses[0]


def test_sentences_from_another_component() -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("rnn_textcat", config=textcat_config(model={"hierarchy": "sentences", "segment_width": 6}))
    examples = make_texts(nlp, [f"One . {text} . Two ." for text in TEXTS])
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, annotates=["sentencizer"])
    assert best(nlp, [example.text for example in examples]) == POLARITY


def test_spacys_categorizer_takes_the_model_and_the_component_takes_spacys() -> None:
    ours = textcat_config()["model"]
    for factory, model in (("textcat", ours), ("rnn_textcat", BAG_OF_WORDS)):
        nlp = spacy.blank("xx")
        nlp.add_pipe(factory, config={"model": model})
        losses = train_texts(nlp, 30)
        assert losses[-1] < losses[0]
        assert best(nlp, TEXTS[2:]) == POLARITY[2:]


PROCESSES = """
import sys
import spacy, torch
torch.set_num_threads(2)
nlp = spacy.load(sys.argv[1])
texts = [f"not good , bad {i}" for i in range(60)] + ["", " "]
torch.rand(600, 600) @ torch.rand(600, 600)
read = lambda doc: (doc.cats, doc._.rnn_attention.tolist())
close = lambda a, b: all(abs(a[0][key] - b[0][key]) < 1e-5 for key in a[0]) and max(
    [abs(x - y) for x, y in zip(a[1], b[1])], default=0) < 1e-5
single = [read(doc) for doc in nlp.pipe(texts)]
several = [read(doc) for doc in nlp.pipe(texts, n_process=2, batch_size=10)]
assert len(single) == len(several) and all(map(close, single, several))
print("same")
"""


def test_two_processes_equal_one(tmp_path: Path) -> None:
    trained_textcat(steps=10, save_attention=True).to_disk(tmp_path)
    assert run(PROCESSES, str(tmp_path)).strip() == "same"


def test_debug_data_and_init_labels(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """spaCy's commands work on the component's config and corpus."""
    paths = {f"paths.{name}": str(tmp_path / f"{name}.spacy") for name in ("train", "dev")}
    for name, path in paths.items():
        docs = DocBin(attrs=["ORTH"], store_user_data=True)
        for example in make_texts(spacy.blank("en"), [f"{name} {i}" for i in range(104)], CATS * 26):
            docs.add(example.reference)
        docs.to_disk(path)
    debug_data(CONFIG, config_overrides=paths, silent=False)
    assert "rnn_textcat" in capsys.readouterr().out
    nlp = init_nlp(load_config(CONFIG, overrides=paths, interpolate=True))
    labels = component(nlp, "rnn_textcat").label_data
    srsly.write_json(tmp_path / "labels.json", labels)
    reader = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "labels.json")}
    config = load_config(CONFIG, overrides=paths, interpolate=True)
    config["initialize"]["components"] = {"rnn_textcat": {"labels": reader}}
    assert component(init_nlp(config), "rnn_textcat").label_data == labels == ("negative", "positive")


# ---- attention


@BOTH
def test_attention_of_tokens(exclusive: bool) -> None:
    nlp = trained_textcat(exclusive, save_attention=True)
    for doc in nlp.pipe([*TEXTS, "", "x " * 90]):
        weights = doc._.rnn_attention
        assert weights.shape == (len(doc),) and weights.dtype == np.float32
        assert float(weights.sum()) == pytest.approx(1.0 if len(doc) else 0.0, abs=1e-5)
        assert close([nlp(doc.text).cats], [doc.cats])
    scores, attention = component(nlp, NAMES[exclusive]).predict([nlp.make_doc(text) for text in TEXTS])
    assert scores.shape == (4, 2) and [len(own) for own in attention] == [4, 4, 3, 1]
    plain = textcat_nlp(exclusive).from_bytes(nlp.to_bytes())
    assert plain(TEXTS[0])._.rnn_attention is None
    assert close(read_cats(plain), read_cats(nlp))


def test_attention_survives_storage() -> None:
    nlp = trained_textcat(steps=2, save_attention=True)
    doc = nlp(TEXTS[0])
    again = Doc(nlp.vocab).from_bytes(doc.to_bytes())
    np.testing.assert_array_equal(again._.rnn_attention, doc._.rnn_attention)


def test_example_predictions_are_not_the_gold_ones() -> None:
    nlp = trained_textcat()
    wrong = [{label: 1.0 - value for label, value in own.items()} for own in CATS]
    assert nlp.evaluate(make_texts(nlp))["cats_micro_f"] == 1.0
    assert nlp.evaluate(make_texts(nlp, cats=wrong))["cats_micro_f"] == 0.0
    assert isinstance(make_texts(nlp)[0], Example)
