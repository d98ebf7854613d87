"""Contextual string embeddings as a feature of words."""

from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Model

from spacy_rnn.models.embed.char_lm import text_key, token_places
from spacy_rnn.shim.serialize import to_safetensors

from ...helpers import (
    ODD_TEXTS,
    TEXTS,
    VOCAB,
    assert_all_close,
    batches,
    build,
    encoder_config,
    make_doc,
    make_examples,
    scatter_weights,
    tag,
    tagger_config,
    torch_shims,
    train,
)
from ...lm.helpers import write_lm

DOCS = [make_doc(text.split()) for text in TEXTS]


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    folder = tmp_path_factory.mktemp("lm")
    return {
        "forward": write_lm(folder / "forward.safetensors"),
        "backward": write_lm(folder / "backward.safetensors", backward=True, hidden_size=8, seed=1),
    }


def with_context(config: Dict[str, Any], paths: Dict[str, str], **setting: Any) -> Dict[str, Any]:
    """The config of an encoder, with language models as one more feature."""
    embed = {"@architectures": "spacy-rnn.CharLMEmbed.v1", "width": 10, "precision": "fp32", **paths, **setting}
    config["embed"]["context"] = embed
    return config


def encoder(paths: Dict[str, str], **setting: Any) -> Model:
    model = build(with_context(encoder_config(), paths, **setting))
    model.initialize(X=DOCS)
    return model


def char_lms(model: Model) -> Any:
    return next(node for node in model.walk() if node.name == "char_lms")


@pytest.fixture(scope="module")
def shared(paths: Dict[str, str]) -> Model:
    """An encoder with weights that all count, for tests that do not train it."""
    return scatter_weights(encoder(paths, chunk=50))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=batches)
def test_a_document_is_read_alone(shared: Model, texts: List[List[str]]) -> None:
    docs = [make_doc(text) for text in texts]
    together = shared.predict(docs)
    assert [len(vectors) for vectors in together] == list(map(len, texts))
    assert_all_close(together, [shared.predict([doc])[0] for doc in docs], 1e-4)


def test_context_counts(shared: Model) -> None:
    """The same word has other features in other places; without language models it has not."""
    embed = shared.get_ref("embed")
    found = embed.predict([make_doc(["a", "cat", "and", "a"])])
    first, last = found.vectors[found.index[[0, 3]]]
    assert not np.allclose(first, last)


@pytest.mark.parametrize("text", ODD_TEXTS, ids=lambda text: repr(text[:8]))
def test_odd_texts(shared: Model, text: str) -> None:
    doc = spacy.blank("xx").make_doc(text)
    (vectors,) = shared.predict([doc])
    assert vectors.shape == (len(doc), 16) and np.isfinite(vectors).all()
    output, backprop = shared.begin_update([doc])
    backprop([np.ones_like(output[0])])


def test_both_ways_of_reading_agree(paths: Dict[str, str]) -> None:
    """What is kept between epochs is what would be computed, to 16 bits; in training as in prediction."""
    model = encoder(paths)
    lms = char_lms(model)
    exact = lms.predict(DOCS)
    for _ in range(2):
        np.testing.assert_allclose(lms(DOCS, True)[0], exact, atol=1e-3)
    assert len(lms.attrs["cache"]) == sum(map(len, DOCS))


def test_frozen_models_stay(paths: Dict[str, str]) -> None:
    nlp, before = trained(paths)
    assert_all_close(lm_weights(nlp), before)


def test_fine_tuned_models_learn(paths: Dict[str, str]) -> None:
    nlp, before = trained(paths, fine_tune=True)
    changed = [not np.array_equal(one, other) for one, other in zip(lm_weights(nlp), before)]
    assert sum(changed) > len(changed) / 2
    assert len(char_lms(nlp.get_pipe("rnn_tagger").model).attrs["cache"]) == 0


def tagger(paths: Dict[str, str], words: bool = True, **setting: Any) -> Language:
    config = tagger_config()
    with_context(config["model"]["tok2vec"], paths, **setting)
    if not words:
        config["model"]["tok2vec"]["embed"].update(words=None, chars=None, lexical=None)
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_tagger", config=config)
    return nlp


def trained(paths: Dict[str, str], steps: int = 12, **setting: Any) -> Any:
    nlp = tagger(paths, **setting)
    nlp.initialize(lambda: make_examples(nlp))
    before = lm_weights(nlp)
    train(nlp, make_examples(nlp), steps)
    return nlp, before


def lm_weights(nlp: Language) -> List[np.ndarray]:
    shim = char_lms(nlp.get_pipe("rnn_tagger").model).shims[0]  # type: ignore[attr-defined]
    return [tensor.numpy().copy() for tensor in shim.module.state_dict().values()]


@pytest.mark.parametrize("given", [["forward"], ["backward"], ["forward", "backward"]])
def test_learns_from_language_models_alone(paths: Dict[str, str], given: List[str]) -> None:
    nlp = tagger({name: paths[name] for name in given}, words=False)
    losses = train(nlp, make_examples(nlp), 25, rate=0.02)
    assert losses[-1] < losses[0] / 3


def test_saved_with_the_pipeline(paths: Dict[str, str], tmp_path: Path) -> None:
    """A trained pipeline needs the files no more, and needs no initialization."""
    copies = {name: write_copy(Path(path), tmp_path) for name, path in paths.items()}
    nlp, _ = trained(copies)
    nlp.to_disk(tmp_path / "pipeline")
    for path in copies.values():
        Path(path).unlink()
    loaded = spacy.load(tmp_path / "pipeline")
    assert tag(loaded, TEXTS) == tag(nlp, TEXTS)
    assert_all_close(lm_weights(loaded), lm_weights(nlp))
    assert not any(p.requires_grad for p in char_lms(model_of(loaded)).shims[0].module.parameters())
    from_bytes = tagger(copies).from_bytes(nlp.to_bytes())
    assert tag(from_bytes, TEXTS) == tag(nlp, TEXTS)


def model_of(nlp: Language) -> Model:
    return nlp.get_pipe("rnn_tagger").model  # type: ignore[attr-defined]


def write_copy(path: Path, folder: Path) -> str:
    (folder / path.name).write_bytes(path.read_bytes())
    return str(folder / path.name)


def test_a_copy_reads_alike(shared: Model) -> None:
    assert_all_close(shared.copy().predict(DOCS), shared.predict(DOCS))


@pytest.mark.parametrize("version", [1, 2])
def test_beside_static_vectors(paths: Dict[str, str], version: int) -> None:
    nlp = spacy.blank("xx")
    nlp.vocab.vectors.resize((4, 5))
    for i, word in enumerate(["The", "cats", "sleep", "."]):
        nlp.vocab.set_vector(word, np.eye(4, 5, dtype="f")[i])
    docs = [Doc(nlp.vocab, words=text.split()) for text in TEXTS]
    config = with_context(encoder_config(vectors=True), paths)
    config["embed"]["vectors"]["@architectures"] = f"spacy-rnn.StaticVectors.v{version}"
    model = build(config)
    model.initialize(X=docs)
    together = model.predict(docs)
    assert_all_close(together, [model.predict([doc])[0] for doc in docs], 1e-4)
    # The vectors count too.
    nlp.vocab.set_vector("sleep", np.ones((2, 5), dtype="f")[0])
    place = TEXTS[0].split().index("sleep")
    assert not np.allclose(model.predict(docs)[0][place], together[0][place])


def test_gradients_of_words_add_up(paths: Dict[str, str]) -> None:
    """A word takes the sum of the gradients of all places that it stands in."""
    config = with_context(encoder_config(), paths)
    config["embed"].update(chars=None, lexical=None, width=None)
    embed = build(config["embed"])
    embed.initialize(X=DOCS)
    output, backprop = embed.begin_update([make_doc(["same", "other", "same"])])
    assert output.vectors.shape == (3, 18)
    gradient = np.arange(54, dtype="f").reshape(3, 18)
    backprop(gradient)
    table: Any = torch_shims(embed)[0].module
    rows = table.find(np.array([VOCAB.strings["same"], VOCAB.strings["other"]], dtype=np.uint64).view(np.int64))
    found = table.weight.grad.to_dense().numpy()[rows]
    np.testing.assert_allclose(found, [gradient[0, :8] + gradient[2, :8], gradient[1, :8]])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"forward": None, "backward": None}, "R203"),
        ({"forward": "nothing.safetensors"}, "R201"),
        ({"swap": True}, "R202.*reads backward"),
        ({"damage": True}, "R202"),
    ],
)
def test_unusable_files(paths: Dict[str, str], tmp_path: Path, change: Dict[str, Any], code: str) -> None:
    setting: Dict[str, Any] = dict(paths)
    if "swap" in change:
        setting["forward"] = paths["backward"]
    elif "damage" in change:
        (tmp_path / "lm").write_bytes(Path(paths["forward"]).read_bytes()[:-9])
        setting["forward"] = str(tmp_path / "lm")
    else:
        setting.update(change)
    model = build(with_context(encoder_config(), setting))
    with pytest.raises(ValueError, match=code):
        model.initialize(X=DOCS)


def test_damaged_pipeline(paths: Dict[str, str]) -> None:
    """Sizes that no language model has are refused like any other damage."""
    model = encoder(paths)
    shim = char_lms(model).shims[0]
    for change in (
        {"forward_gates": 2},
        {"forward_cell": "x"},
        {"forward_cell": 4},
        {"forward_direct": False},
        {"forward_rows": "x"},
        {"forward_other": 3},
        {"backward_hidden_size": 10**12},
    ):
        data = to_safetensors(shim.module, {**shim.sizes, **change})
        with pytest.raises(ValueError, match=r"R00[134]"):
            char_lms(encoder(paths)).shims[0].from_bytes(data)


def test_pipelines_of_earlier_versions(paths: Dict[str, str]) -> None:
    """They have the number of the gates for the cell."""
    model = encoder(paths)
    shim = char_lms(model).shims[0]
    sizes = {name: size for name, size in shim.sizes.items() if not name.endswith(("cell", "direct"))}
    sizes.update(forward_gates=4, backward_gates=4, forward_direct=1, backward_direct=1)
    other = encoder(paths)
    scatter_weights(other)
    char_lms(other).shims[0].from_bytes(to_safetensors(shim.module, sizes))
    assert_all_close([char_lms(other).predict(DOCS)], [char_lms(model).predict(DOCS)])


@pytest.mark.parametrize("setting", [{"width": 0}, {"chunk": 0}, {"kept_tokens": -1}])
def test_settings_out_of_range(setting: Dict[str, int]) -> None:
    with pytest.raises(ValueError, match="R005"):
        build({"@architectures": "spacy-rnn.CharLMEmbed.v1", **setting})


def test_kept_states_are_bounded(paths: Dict[str, str]) -> None:
    """A document twice in a batch, and documents of the same characters cut into other tokens."""
    lms = char_lms(encoder(paths, kept_tokens=7))
    docs = [*DOCS, DOCS[0], *(make_doc(words) for words in (["ab", "c"], ["a", "b c"], ["ab c"]))]
    for _ in range(2):
        np.testing.assert_allclose(lms(docs, True)[0], lms.predict(docs), atol=1e-3)
    assert 0 < len(lms.attrs["cache"]) <= 7
    assert len({text_key(token_places(doc)) for doc in docs}) == len(docs) - 1
