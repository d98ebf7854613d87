"""`rnn_textcat` and `rnn_textcat_multilabel`: learning, unknown categories, labels, saving, pipelines."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.cli.debug_data import debug_data
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Adam, fix_random_seed

from ..helpers import ODD_TEXTS, component, encoder_config, torch_shims
from .test_processes import run
from .texts import (
    CATS,
    NAMES,
    POLARITY,
    TEXTS,
    best,
    make_texts,
    read_cats,
    textcat_config,
    textcat_nlp,
    train_texts,
    trained_textcat,
)

CONFIG = Path(__file__).parents[2] / "project" / "configs" / "textcat_sentiment.cfg"
BAG_OF_WORDS = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": True,
    "length": 100,
    "ngram_size": 1,
    "no_output_layer": False,
}
BOTH = pytest.mark.parametrize("exclusive", [True, False], ids=["exclusive", "multilabel"])


def close(first: List[Dict[str, float]], second: List[Dict[str, float]], tolerance: float = 1e-5) -> bool:
    return [list(cats) for cats in first] == [list(cats) for cats in second] and np.allclose(
        [list(cats.values()) for cats in first], [list(cats.values()) for cats in second], atol=tolerance
    )


def without_noise(nlp: Any) -> Any:
    """Turn off word and character dropout, which act in every update."""
    for node in nlp.pipeline[-1][1].model.walk():
        for name in ("word_dropout", "char_dropout"):
            if name in node.attrs:
                node.attrs[name] = 0.0
    return nlp


@pytest.fixture(scope="module")
def trained() -> Dict[bool, Any]:
    fix_random_seed(0)
    return {exclusive: trained_textcat(exclusive) for exclusive in (True, False)}


@BOTH
def test_overfits_by_word_order(exclusive: bool) -> None:
    """The first two texts have the same words, so that no bag of words tells them apart."""
    nlp = textcat_nlp(exclusive)
    losses = train_texts(nlp, 60)
    assert losses[-1] < 0.05 * losses[0]
    assert best(nlp) == POLARITY
    bag = spacy.blank("xx")
    bag.add_pipe("textcat", config={"model": BAG_OF_WORDS})
    train_texts(bag, 20)
    first, second = read_cats(bag, TEXTS[:2])
    assert first == second


def test_characters_of_the_whole_text() -> None:
    embed = {"@architectures": "spacy-rnn.TextEmbed.v1", "unit": "char", "width": 8, "rows": 100}
    encode = {"@architectures": "spacy-rnn.RNN.v1", "width": 16, "precision": "fp32"}
    tok2vec = {"@architectures": "spacy-rnn.RNNEncoder.v1", "embed": embed, "encode": encode}
    nlp = textcat_nlp(model={"tok2vec": tok2vec, "pooling": ["last"]})
    names = ["Abel", "Lebba", "Adeb", "Bedda"]
    train_texts(nlp, 80, examples=make_texts(nlp, names))
    assert best(nlp, names) == POLARITY
    # An unknown letter, a blank, several words, a very long name: all have an answer.
    for cats in read_cats(nlp, ["Жbel", " ", "Abel Adeb", "ab" * 3000, ""]):
        assert sum(cats.values()) == pytest.approx(1.0, abs=1e-5)


@BOTH
@given(texts=st.lists(st.sampled_from([*TEXTS, "", " ", "x " * 70, *ODD_TEXTS]), min_size=1, max_size=6))
def test_batch_equals_one_by_one(trained: Dict[bool, Any], exclusive: bool, texts: List[str]) -> None:
    """An empty document has the same answer alone as beside others."""
    nlp = trained[exclusive]
    alone = [nlp(text).cats for text in texts]
    assert close(read_cats(nlp, texts, batch_size=3), alone)
    assert close(read_cats(nlp, texts, batch_size=100), alone)
    assert read_cats(nlp, texts) == read_cats(nlp, texts)
    for cats in alone:
        assert list(cats) == list(CATS[0])
        assert all(0.0 <= value <= 1.0 for value in cats.values())


@BOTH
def test_empty_documents_teach_nothing_and_stop_nothing(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    train_texts(nlp, 2)
    before = component(nlp, NAMES[exclusive]).model.to_bytes()
    empty = make_texts(nlp, ["", ""])
    assert nlp.update(empty, sgd=Adam(0.1)) == {NAMES[exclusive]: 0.0}
    assert component(nlp, NAMES[exclusive]).model.to_bytes() == before
    assert nlp.update([*empty, *make_texts(nlp)], sgd=Adam(0.1))[NAMES[exclusive]] > 0.0
    assert list(nlp.pipe([])) == []


@BOTH
def test_saved_and_loaded(exclusive: bool, trained: Dict[bool, Any], tmp_path: Path) -> None:
    nlp = trained[exclusive]
    nlp.to_disk(tmp_path)
    assert close(read_cats(spacy.load(tmp_path)), read_cats(nlp), 1e-7)
    assert close(read_cats(textcat_nlp(exclusive).from_bytes(nlp.to_bytes())), read_cats(nlp), 1e-7)
    # What the config says at loading is in force; what training found out is kept.
    name = NAMES[exclusive]
    settings = {"threshold": 0.7, "label_smoothing": 0.1, "class_weights": "balanced"}
    loaded = component(spacy.load(tmp_path, config={"components": {name: settings}}), name)
    assert {key: loaded.cfg[key] for key in settings} == settings
    assert loaded.labels == component(nlp, name).labels


# ---- unknown categories


def frozen_weights(nlp: Any) -> List[Any]:
    return [p.detach().clone() for shim in torch_shims(nlp.pipeline[-1][1].model) for p in shim.module.parameters()]


@BOTH
def test_unknown_categories_do_not_count(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    train_texts(nlp, 5)
    before = frozen_weights(nlp)
    loss = nlp.update(make_texts(nlp, cats=[{}] * 4), sgd=Adam(0.1))[NAMES[exclusive]]
    assert loss == 0.0
    assert all((old == new).all() for old, new in zip(before, frozen_weights(nlp)))


def test_an_unknown_category_keeps_its_probability() -> None:
    """Of any number of categories, the one that nobody mentions is not pushed to 0."""
    nlp = textcat_nlp(False)
    known = [{"positive": 1.0, "other": 1.0}, {"positive": 0.0, "other": 1.0}, {"positive": 1.0}, {"positive": 0.0}]
    train_texts(nlp, 40, examples=make_texts(nlp, cats=known))
    cats = read_cats(nlp)
    assert all(own["other"] > 0.9 for own in cats)
    assert [own["positive"] > 0.5 for own in cats] == [True, False, True, False]


def test_what_a_text_is_not_teaches_as_well() -> None:
    """Exactly one of three categories: to know that it is not two of them is to know the third."""
    nlp = textcat_nlp()
    labels = ["a", "b", "c"]
    cats = [{own: 0.0 for own in labels if own != right} for right in ("a", "b", "c", "a")]
    train_texts(nlp, 60, examples=make_texts(nlp, cats=cats))
    assert best(nlp) == ["a", "b", "c", "a"]


# ---- labels


@BOTH
def test_label_added_after_training(exclusive: bool) -> None:
    nlp = trained_textcat(exclusive)
    pipe = component(nlp, NAMES[exclusive])
    before = read_cats(nlp)
    assert pipe.add_label("neutral") == 1
    assert pipe.add_label("neutral") == 0
    after = read_cats(nlp)
    for old, new in zip(before, after):
        assert list(new) == [*old, "neutral"]
        assert new["negative"] / new["positive"] == pytest.approx(old["negative"] / old["positive"], rel=1e-3)
    assert close(read_cats(textcat_nlp(exclusive).from_bytes(nlp.to_bytes())), after, 1e-7)
    # And it is learned, beside what was known.
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.02
    texts = [*TEXTS, "so so"]
    cats = [{**own, "neutral": 0.0} for own in CATS] + [{"negative": 0.0, "positive": 0.0, "neutral": 1.0}]
    for _ in range(40):
        nlp.update(make_texts(nlp, texts, cats), sgd=optimizer)
    assert best(nlp, texts) == [*POLARITY, "neutral"]
    # The teacher of rehearsal knows only the old categories.
    assert nlp.rehearse(make_texts(nlp), sgd=optimizer)[NAMES[exclusive]] >= 0.0


@BOTH
def test_labels_are_given_or_collected(exclusive: bool) -> None:
    nlp = textcat_nlp(exclusive)
    pipe = component(nlp, NAMES[exclusive])
    pipe.initialize(lambda: make_texts(nlp), nlp=nlp, labels=["positive", "negative", "other"])
    assert pipe.labels == ("positive", "negative", "other") == tuple(pipe.label_data)
    assert list(nlp("x").cats) == ["positive", "negative", "other"]
    again = textcat_nlp(exclusive)
    train_texts(again, 1)
    assert component(again, NAMES[exclusive]).labels == ("negative", "positive")


@BOTH
def test_initialized_twice(exclusive: bool) -> None:
    """With other labels and other data, from new weights, which a seed repeats."""
    nlp = trained_textcat(exclusive, 3)
    fix_random_seed(1)
    nlp.initialize(lambda: make_texts(nlp, cats=[{**own, "more": 0.0} for own in CATS]))
    first = component(nlp, NAMES[exclusive]).model.to_bytes()
    assert list(nlp("x").cats) == ["negative", "positive", "more"]
    fix_random_seed(1)
    nlp.initialize(lambda: make_texts(nlp))
    assert component(nlp, NAMES[exclusive]).model.to_bytes() == first


def test_untrained_pipeline_predicts_nothing() -> None:
    assert textcat_nlp()("a text").cats == {}


def test_positive_label_is_scored() -> None:
    nlp = textcat_nlp()
    examples = make_texts(nlp)
    nlp.config["initialize"]["components"]["rnn_textcat"] = {"positive_label": "positive"}
    nlp.initialize(lambda: examples)
    scores = nlp.evaluate(make_texts(nlp))
    assert scores["cats_score_desc"] == "F (positive)"
    assert scores["cats_score"] == scores["cats_f_per_type"]["positive"]["f"]
    with pytest.raises(ValueError, match="E920"):
        component(nlp, "rnn_textcat").initialize(lambda: examples, nlp=nlp, positive_label="good")


def test_two_categories_at_once_are_refused_where_one_applies() -> None:
    nlp = textcat_nlp()
    with pytest.raises(ValueError, match="E895"):
        train_texts(nlp, 1, examples=make_texts(nlp, cats=[{"a": 1.0, "b": 1.0}] * 4))


def test_threshold_decides_what_counts_as_predicted() -> None:
    scores = []
    for threshold in (0.0, 1.0):
        nlp = textcat_nlp(False, threshold=threshold)
        train_texts(nlp, 1)
        scores.append(nlp.evaluate(make_texts(nlp)))
    assert scores[0]["cats_macro_f"] == pytest.approx(2 / 3)  # everything
    assert scores[1]["cats_macro_f"] == 0.0  # nothing


# ---- settings


@pytest.mark.parametrize(
    ("exclusive", "settings", "message"),
    [
        (True, {"label_smoothing": 1.0}, "R005.*label_smoothing"),
        (False, {"threshold": 1.5}, "R005.*threshold"),
        (True, {"model": {"exclusive_classes": False}}, "R102.*exclusive_classes = true"),
        (False, {"model": {"exclusive_classes": True}}, "R102.*exclusive_classes = false"),
        (True, {"save_attention": True, "model": {"pooling": ["max"]}}, "R103.*'attention'"),
        (True, {"class_weights": "equal"}, "class_weights"),
    ],
)
def test_refused(exclusive: bool, settings: Dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        textcat_nlp(exclusive, **settings)


def test_class_weight_of_no_category_is_refused() -> None:
    nlp = textcat_nlp(class_weights={"positve": 2.0})
    with pytest.raises(ValueError, match="R104.*'positve'.*negative, positive"):
        train_texts(nlp, 1)


def test_class_weights_move_the_balance() -> None:
    """Contradictory data, three to one: the odds are the weights."""
    texts, cats = ["same"] * 4, [CATS[0], CATS[1], CATS[1], CATS[1]]

    def odds(class_weights: Any) -> float:
        nlp = textcat_nlp(class_weights=class_weights)
        train_texts(nlp, 60, examples=make_texts(nlp, texts, cats))
        found = nlp("same").cats
        return found["positive"] / found["negative"]

    assert odds(None) == pytest.approx(3.0, rel=0.15)
    assert odds("balanced") == pytest.approx(1.0, rel=0.15)
    assert odds({"positive": 2.0}) == pytest.approx(6.0, rel=0.2)


def test_loss_that_is_no_number_stops_training() -> None:
    nlp = trained_textcat(steps=1)
    pipe = component(nlp, "rnn_textcat")
    with pytest.raises(ValueError, match="R013.*rnn_textcat"):
        pipe.get_loss(make_texts(nlp), np.full((4, 2), np.nan, dtype="f"))


# ---- learning on


@BOTH
def test_rehearsal_pulls_towards_the_teacher(exclusive: bool) -> None:
    nlp = without_noise(trained_textcat(exclusive))
    teacher = read_cats(nlp)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    turned = [{label: 1.0 - value for label, value in own.items()} for own in CATS]
    for _ in range(10):
        nlp.update(make_texts(nlp, cats=turned), sgd=optimizer)

    def distance() -> float:
        return sum(abs(old[key] - new[key]) for old, new in zip(teacher, read_cats(nlp)) for key in old)

    before = distance()
    history = [nlp.rehearse(make_texts(nlp), sgd=optimizer)[NAMES[exclusive]] for _ in range(60)]
    assert before > 1.0 and distance() < 0.5 * before
    assert 0 < history[-1] < 0.3 * history[0]


def test_averages_are_used_and_put_back() -> None:
    nlp = textcat_nlp()
    examples = make_texts(nlp)
    nlp.initialize(lambda: examples)
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(8):
        nlp.update(examples, sgd=optimizer)
    own = read_cats(nlp)
    with nlp.use_params(optimizer.averages):
        averaged = read_cats(nlp)
    assert not close(averaged, own)
    assert read_cats(nlp) == own


def test_dropout_acts_and_only_in_training() -> None:
    nlp = without_noise(trained_textcat(steps=5))
    pipe = component(nlp, "rnn_textcat")
    plain = [pipe.update(make_texts(nlp))["rnn_textcat"] for _ in range(3)]
    dropped = [pipe.update(make_texts(nlp), drop=0.5)["rnn_textcat"] for _ in range(3)]
    assert np.allclose(plain, plain[0], rtol=1e-5)
    assert len({round(loss, 4) for loss in dropped}) == 3
    assert read_cats(nlp) == read_cats(nlp)


def test_label_smoothing_keeps_probabilities_from_the_ends() -> None:
    nlp = without_noise(textcat_nlp(label_smoothing=0.2))
    train_texts(nlp, 80)
    for own in read_cats(nlp):
        assert max(own.values()) == pytest.approx(0.8, abs=0.05)


# ---- pipelines


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
