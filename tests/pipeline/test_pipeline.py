"""The tagger as a part of a pipeline: saving, loading, scoring, streaming."""

from itertools import islice
from pathlib import Path
from typing import Any, Dict, Iterator, List

import numpy as np
import pytest
import spacy
import srsly
from spacy.cli.debug_data import debug_data
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.util import load_model_from_config

from ..helpers import (
    SENTENCES,
    TEXTS,
    component,
    encoder_config,
    gold_doc,
    make_examples,
    tag,
    tagger_config,
    tagger_nlp,
    torch_shims,
    train,
    trained_tagger,
)

UNSEEN = ["Unheard-of cats, 12 dogs & a λόγος!", "", "  well ", *TEXTS]


@pytest.fixture(scope="module")
def trained() -> Language:
    return trained_tagger(60)


def weights_of(nlp: Language) -> bytes:
    return component(nlp).model.to_bytes()


@pytest.mark.parametrize(
    "settings",
    [{}, {"depth": 2}, {"precision": "bf16"}, {"attrs": ["morph", "tag"]}, {"window": 5, "context": 1}],
    ids=str,
)
def test_reload_predicts_the_same(settings: Dict[str, Any], tmp_path: Path) -> None:
    """From disk and from bytes, into pipelines that were never initialized."""
    nlp = trained_tagger(30, **settings)
    nlp.to_disk(tmp_path)
    for loaded in (spacy.load(tmp_path), load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())):
        assert tag(loaded, UNSEEN) == tag(nlp, UNSEEN)
        assert component(loaded).label_data == component(nlp).label_data
        assert weights_of(loaded) == weights_of(nlp)


def test_default_component_trains_and_reloads(tmp_path: Path) -> None:
    """`nlp.add_pipe("rnn_tagger")` and nothing else."""
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_tagger")
    losses = train(nlp, make_examples(nlp), 25, rate=0.005)
    assert losses[-1] < 0.2 * losses[0]
    assert tag(nlp, TEXTS) == SENTENCES
    nlp.to_disk(tmp_path)
    assert tag(spacy.load(tmp_path), UNSEEN) == tag(nlp, UNSEEN)


def test_loading_over_another_model(trained: Language) -> None:
    """The labels and the cached word vectors of the earlier model are forgotten."""
    other = tagger_nlp()
    renamed = [[(word, pos, f"X{name}", morph) for word, pos, name, morph in sentence] for sentence in SENTENCES]
    train(other, make_examples(other, renamed), 60)
    assert tag(other, TEXTS) == renamed
    other.from_bytes(trained.to_bytes())
    assert tag(other, TEXTS) == SENTENCES


def test_file_of_another_config_is_refused(trained: Language) -> None:
    for other in (tagger_nlp(width=20), tagger_nlp(depth=2), tagger_nlp(cell="gru")):
        with pytest.raises(ValueError):
            other.from_bytes(trained.to_bytes())


def test_damaged_model_is_refused(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    path = tmp_path / "rnn_tagger" / "model"
    message = srsly.msgpack_loads(path.read_bytes())
    message["shims"] = [[b"not safetensors" for _ in shims] for shims in message["shims"]]
    path.write_bytes(srsly.msgpack_dumps(message))
    with pytest.raises(ValueError, match="R181.*R182"):
        spacy.load(tmp_path)
    # Without checksums, in a folder of an earlier version, the weights themselves are checked.
    (path.parent / "checksums.json").unlink()
    with pytest.raises(ValueError, match="R181.*R003"):
        spacy.load(tmp_path)


def test_saved_model_holds_no_pickle(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    data = (tmp_path / "rnn_tagger" / "model").read_bytes()
    assert b"torch._utils" not in data and b"collections\nOrderedDict" not in data
    for shim in torch_shims(component(trained).model):
        assert shim.to_bytes()[8:9] == b"{"


def test_static_vectors(tmp_path: Path) -> None:
    """Words that differ in their vectors only are learned; the pipeline reloads with its vectors."""
    nlp = tagger_nlp(vectors=True)
    with pytest.raises(ValueError, match="R009.*paths.vectors"):
        nlp.initialize(lambda: make_examples(nlp))
    rng = np.random.default_rng(0)
    nlp.vocab.reset_vectors(width=5)
    sides = {"NOUN": 1.0, "VERB": -1.0}
    words = {pos: [f"{pos[0].lower()}{i}" for i in range(6)] for pos in sides}
    shuffled = {pos: [f"q{j}{i}q" for i in range(6)] for j, pos in enumerate(sides)}
    for pos, side in sides.items():
        for word in words[pos] + shuffled[pos]:
            vector: Any = (rng.normal(0, 0.1, size=5) + side).astype("f")
            nlp.vocab.set_vector(word, vector)
    train(nlp, make_examples(nlp, [[(word, pos, None, None)] for pos in sides for word in words[pos]]), 40)
    unseen = [(word, pos) for pos in sides for word in shuffled[pos]]
    assert np.mean([nlp(word)[0].pos_ == pos for word, pos in unseen]) > 0.9
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    texts = [word for word, _ in unseen]
    assert tag(loaded, texts) == tag(nlp, texts)
    loaded.vocab.reset_vectors(width=3)
    with pytest.raises(ValueError, match="R010.*3 wide.*5"):
        loaded("word")


def test_scores(trained: Language) -> None:
    scores = trained.evaluate(make_examples(trained))
    assert {name: scores[name] for name in ("pos_acc", "tag_acc", "morph_acc")} == {
        "pos_acc": 1.0,
        "tag_acc": 1.0,
        "morph_acc": 1.0,
    }
    assert set(scores["morph_per_feat"]) == {"Definite", "Gender", "Number", "Tense"}
    assert scores["morph_micro_f"] == 1.0 and scores["speed"] > 0


def test_scores_of_what_is_predicted_only() -> None:
    nlp = trained_tagger(5, attrs=["tag"])
    scores = nlp.evaluate(make_examples(nlp))
    assert "tag_acc" in scores
    assert not {name for name in scores if name.startswith(("pos_", "morph_"))}


def test_scores_without_gold_are_left_out(trained: Language) -> None:
    bare = make_examples(trained, [[("The", None, "DT", None)]])
    scores = trained.evaluate(bare)
    assert scores["tag_acc"] == 1.0
    assert "pos_acc" not in scores and "morph_acc" not in scores


def test_score_weights_fit_the_scores(trained: Language) -> None:
    weights: Any = Language.get_factory_meta("rnn_tagger").default_score_weights
    scores = trained.evaluate(make_examples(trained))
    assert set(weights) <= set(scores)
    assert sum(weight for weight in weights.values() if weight) == pytest.approx(1.0)


def test_select_pipes(trained: Language) -> None:
    with trained.select_pipes(disable=["rnn_tagger"]):
        assert not trained(TEXTS[0]).has_annotation("POS")
    with trained.select_pipes(enable=["rnn_tagger"]):
        assert tag(trained, TEXTS) == SENTENCES


def test_training_a_neighbour_leaves_it_alone() -> None:
    nlp = trained_tagger(30)
    before = weights_of(nlp)
    nlp.add_pipe("rnn_tagger", name="second", config=tagger_config(attrs=["pos"]))
    with nlp.select_pipes(enable=["second"]):
        train(nlp, make_examples(nlp), 3)
    assert weights_of(nlp) == before
    assert {"rnn_tagger", "second"} == set(nlp.pipe_names)


def test_pipe_as_tuples_keeps_order_and_context(trained: Language) -> None:
    pairs = [(text, i) for i, text in enumerate(UNSEEN * 3)]
    found = list(trained.pipe(pairs, as_tuples=True, batch_size=4))
    assert [(doc.text, context) for doc, context in found] == pairs


@pytest.mark.parametrize("batch_size", [1, 2, 7, 1000])
def test_batch_size_does_not_matter(trained: Language, batch_size: int) -> None:
    assert tag(trained, UNSEEN * 3, batch_size=batch_size) == tag(trained, UNSEEN) * 3


def test_pipe_is_lazy(trained: Language) -> None:
    """An endless stream can be read in part."""
    read: List[int] = []

    def endless() -> Iterator[str]:
        while True:
            read.append(1)
            yield TEXTS[len(read) % 4]

    docs = list(islice(trained.pipe(endless(), batch_size=5), 12))
    assert len(docs) == 12 and len(read) <= 20
    assert [tag(trained, [doc.text])[0] for doc in docs] == [SENTENCES[i % 4] for i in range(1, 13)]


def test_documents_hold_nothing_of_torch(trained: Language) -> None:
    """Neither tensors nor graphs: a document outlives the pipeline and can be pickled."""
    doc = trained(TEXTS[0])
    assert doc.tensor.size == 0 and doc.user_data == {}
    scored = trained_tagger(1, save_scores=True)(TEXTS[0])
    assert all(type(group) is np.ndarray and group.base is None for group in scored._.rnn_scores.values())


def test_debug_data(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    nlp = tagger_nlp()
    # The number that `debug data` expects.
    docs = [gold_doc(nlp, sentence) for sentence in SENTENCES * 25]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    nlp.config.to_disk(tmp_path / "config.cfg")
    overrides = {"paths.train": str(tmp_path / "train.spacy"), "paths.dev": str(tmp_path / "train.spacy")}
    debug_data(tmp_path / "config.cfg", config_overrides=overrides, silent=False)
    assert "100 training docs" in capsys.readouterr().out


def test_config_keeps_every_setting() -> None:
    """The config has the settings of the component, and no others."""
    nlp = tagger_nlp(overwrite=False, extend=True, neg_prefix="?", label_smoothing=0.1, attrs=["pos"])
    config = nlp.config["components"]["rnn_tagger"]
    settings = {name: value for name, value in component(nlp).cfg.items() if name not in ("labels", "configured")}
    assert (
        {name: config[name] for name in settings} == settings == component(nlp).cfg["configured"] | {"attrs": ["pos"]}
    )
    assert config["model"]["tok2vec"]["encode"]["width"] == encoder_config()["encode"]["width"]
    unknown = {**tagger_config(), "unknown": 1}
    with pytest.raises(ValueError, match="unknown"):
        spacy.blank("xx").add_pipe("rnn_tagger", config=unknown)


def test_settings_can_be_changed_when_loading(trained: Language, tmp_path: Path) -> None:
    trained.to_disk(tmp_path)
    loaded = spacy.load(tmp_path, config={"components.rnn_tagger.save_scores": True})
    doc = loaded("the cats")
    assert {"pos", "tag", "morph"} <= set(doc._.rnn_scores)
    assert component(loaded).cfg["save_scores"]
    assert component(loaded).label_data == component(trained).label_data
