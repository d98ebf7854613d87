"""What a dictionary says of a word, in an encoder and in a pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from hypothesis import given
from spacy.language import Language
from thinc.api import Model

from spacy_rnn.base.lexicon import Analysis
from spacy_rnn.base.lexicon_builder import LexiconBuilder
from spacy_rnn.models.embed.features import distinct_words
from spacy_rnn.models.embed.lexicon import find_sets
from spacy_rnn.models.lexicon_file import load_lexicon, save_lexicon
from spacy_rnn.shim.serialize import to_safetensors

from ...helpers import (
    ODD_TEXTS,
    SENTENCES,
    TEXTS,
    assert_all_close,
    batches,
    build,
    encoder_config,
    make_doc,
    make_examples,
    scatter_weights,
    tag,
    torch_shims,
    train,
)

DOCS = [make_doc(text.split()) for text in TEXTS]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dictionary of the words of `SENTENCES` in lower case, with their tags."""
    builder = LexiconBuilder()
    for sentence in SENTENCES:
        for form, pos, _, morph in sentence:
            builder.add(form.lower(), [Analysis(form.lower(), f"{pos}|{morph}")])
    file = tmp_path_factory.mktemp("lexicon") / "tiny.lexicon"
    save_lexicon(file, builder.build())
    return str(file)


def with_lexicon(path: str, **features: Any) -> Dict[str, Any]:
    config = encoder_config()
    config["embed"]["lexicon"] = {"@architectures": "spacy-rnn.LexiconEmbed.v1", "path": path, "width": 8}
    config["embed"].update(features)
    return config


def initialized(config: Dict[str, Any]) -> Model:
    model = build(config)
    model.initialize(X=DOCS)
    return scatter_weights(model)


@pytest.fixture(scope="module")
def shared(path: str) -> Model:
    return initialized(with_lexicon(path))


def test_spellings(path: str) -> None:
    """As it is written, in lower case, without punctuation."""
    types, index, _ = distinct_words([make_doc(["cats", "Cats", "#CATS", "«cats»…", "cat", " ", "..."])])
    found = find_sets(load_lexicon(Path(path)), types)[index].tolist()
    assert found[0] and found[:4] == found[:1] * 4
    assert not any(found[4:])


def test_endings() -> None:
    """The longest one that three forms have, of what is written with letters; a form that is known needs none."""
    builder = LexiconBuilder()
    for pos, forms in (("V", ["walking", "talking", "joking"]), ("N", ["ring", "king", "thing", "string"])):
        for form in forms:
            builder.add(form, [Analysis(form, pos)])
    lexicon = builder.build()
    types, index, _ = distinct_words([make_doc(["looking", "#BONDING", "king", "ing", "ng", "x", "..."])])
    found = find_sets(lexicon, types, endings=True)[index].tolist()
    tags = [[lexicon.tags[tag] for tag in lexicon.set_tags(abs(number))] for number in found]
    assert tags[:3] == [["V"], ["N"], ["N"]] and [number > 0 for number in found[:3]] == [False, False, True]
    assert tags[4:] == [["N"], [], []]
    assert find_sets(lexicon, types)[index].tolist() == [0, 0, found[2], 0, 0, 0, 0]


@given(texts=batches)
def test_neighbours_change_nothing(shared: Model, texts: List[List[str]]) -> None:
    docs = [make_doc(text) for text in texts]
    assert_all_close(shared.predict(docs), [shared.predict([doc])[0] for doc in docs])


def test_odd_words(shared: Model) -> None:
    for vectors in shared.predict([make_doc([text]) for text in ODD_TEXTS if text]):
        assert np.isfinite(vectors).all()


def test_prediction_is_training(path: str) -> None:
    """The feature has no dropout of its own."""
    feature = build(with_lexicon(path)["embed"]["lexicon"])
    feature.initialize()
    scatter_weights(feature)
    types, _, _ = distinct_words([*DOCS, make_doc(["unknown"])])
    assert_all_close([feature(types, True)[0]], [feature.predict(types)])


def test_words_are_cached(path: str) -> None:
    model = initialized(with_lexicon(path))
    model.predict(DOCS)
    embed = model.get_ref("embed")
    assert embed.attrs["n_cached"] == 4 and len(embed.attrs["cache"]) > 5
    assert_all_close(model.predict(DOCS), build(with_lexicon(path)).from_bytes(model.to_bytes()).predict(DOCS))


def test_an_encoder_without_is_the_same_as_before() -> None:
    old, new = encoder_config(), encoder_config()
    new["embed"]["lexicon"] = None
    assert_all_close(initialized(new).predict(DOCS), initialized(old).predict(DOCS), 0.0)


def pipeline(path: str) -> Language:
    nlp = spacy.blank("xx")
    model = {
        "@architectures": "spacy-rnn.Tagger.v1",
        "precision": "fp32",
        "tok2vec": with_lexicon(path, words=None, chars=None, lexical=None),
    }
    nlp.add_pipe("rnn_tagger", config={"model": model})
    return nlp


def test_learns_from_the_dictionary_alone_and_is_saved_with_it(path: str, tmp_path: Path) -> None:
    """A trained pipeline needs the file no more, and needs no initialization."""
    copy = tmp_path / "copy.lexicon"
    copy.write_bytes(Path(path).read_bytes())
    nlp = pipeline(str(copy))
    losses = train(nlp, make_examples(nlp), 40)
    assert losses[-1] < losses[0] / 3
    copy.unlink()
    nlp.to_disk(tmp_path / "pipeline")
    for loaded in (spacy.load(tmp_path / "pipeline"), pipeline(str(copy)).from_bytes(nlp.to_bytes())):
        assert tag(loaded, [*TEXTS, "unknown words"]) == tag(nlp, [*TEXTS, "unknown words"])
    loaded = spacy.load(tmp_path / "pipeline")
    found: Dict[str, float] = {}
    loaded.update(make_examples(loaded), sgd=loaded.resume_training(), losses=found)
    assert found["rnn_tagger"] < losses[0] / 3


def test_a_copy_reads_alike(shared: Model) -> None:
    copy = shared.copy()
    assert_all_close(copy.predict(DOCS), shared.predict(DOCS))
    one, other = (next(s.module for s in torch_shims(m) if hasattr(s.module, "lexicon")) for m in (shared, copy))
    assert one.lexicon is other.lexicon and one is not other


@pytest.mark.parametrize(
    ("change", "code"),
    [({"path": None}, "R212"), ({"path": "nothing"}, "R210.*nothing"), ({"damage": True}, r"R211.*bad\.lexicon")],
)
def test_unusable_files(path: str, tmp_path: Path, change: Dict[str, Any], code: str) -> None:
    if "damage" in change:
        (tmp_path / "bad.lexicon").write_bytes(Path(path).read_bytes()[:-1])
        change = {"path": str(tmp_path / "bad.lexicon")}
    model = build({**with_lexicon(path)["embed"]["lexicon"], **change})
    with pytest.raises(ValueError, match=code):
        model.initialize()


@pytest.mark.parametrize("sizes", [{"parts": 2}, {"tags": 10**12}, {"classes": "x"}, {"other": 1}, {}])
def test_damaged_pipelines(path: str, sizes: Dict[str, Any]) -> None:
    """Sizes that are not those of the dictionary are refused."""
    feature = build(with_lexicon(path)["embed"]["lexicon"])
    feature.initialize()
    (shim,) = torch_shims(feature)
    module: Any = shim.module
    if not sizes:
        state = module.state_dict()
        state["_extra_state"] = state["_extra_state"][:-1]
        module.state_dict = lambda: state
    data = to_safetensors(module, {**(shim.sizes or {}), **sizes})
    with pytest.raises(ValueError, match=r"R00[34]|R211|R185"):
        torch_shims(build(with_lexicon(path)["embed"]["lexicon"]))[0].from_bytes(data)


def test_width_out_of_range() -> None:
    with pytest.raises(ValueError, match="R005.*width"):
        build({"@architectures": "spacy-rnn.LexiconEmbed.v1", "width": 0})
