"""The tagger's model: scores on demand are those of the whole model."""

from typing import Any

import numpy as np
import pytest
from thinc.api import chain, list2array

from spacy_rnn.models.tagger import predict_columns

from ..helpers import build, encoder_config, make_doc, scatter_weights

DOCS = [make_doc(["a", "b", "c"]), make_doc([]), make_doc(["d"])]


def tagger_model(precision: str, encoder: str = "") -> Any:
    config = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": encoder_config(precision=encoder or precision)}
    model = build({**config, "precision": precision})
    model.initialize(X=DOCS, Y=np.zeros((1, 9), dtype="f"))
    return scatter_weights(model)


@pytest.mark.parametrize("encoder", ["fp32", "bf16"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_columns_on_demand_are_those_of_all_scores(precision: str, encoder: str) -> None:
    model = tagger_model(precision, encoder)
    scores, score = model.predict(DOCS), predict_columns(model, DOCS)
    assert scores.shape == (4, 9)
    tolerance = 1e-6 if precision == encoder == "fp32" else 0.03
    np.testing.assert_allclose(score(slice(0, 9)), scores, atol=tolerance)
    np.testing.assert_allclose(score(slice(2, 5)), scores[:, 2:5], atol=tolerance)
    np.testing.assert_allclose(score(slice(5, 9), np.array([3, 1])), scores[[3, 1], 5:], atol=tolerance)


def test_copied_and_loaded_models_compute_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though copies lose Thinc's references, and old files have other names for the layers."""
    model = tagger_model("fp32")
    expected = model.predict(DOCS)
    old = model.copy()
    for node in old.walk():
        node.name = "as it was called once"
    config = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": encoder_config(precision="fp32")}
    loaded = build({**config, "precision": "fp32"}).from_bytes(old.to_bytes())

    def forward(model: Any, *args: Any) -> Any:
        raise AssertionError("all scores of all tokens, or copies of the encoder's vectors, were computed")

    for other in (old, loaded):
        for node in (other, other.layers[0]):
            monkeypatch.setattr(node, "_func", forward)
        np.testing.assert_allclose(predict_columns(other, DOCS)(slice(2, 5)), expected[:, 2:5], atol=1e-6)


def test_columns_on_demand_of_any_other_model() -> None:
    encoder = build(encoder_config())
    encoder.initialize(X=DOCS)
    model: Any = chain(encoder, list2array())
    score = predict_columns(model, DOCS)
    np.testing.assert_array_equal(score(slice(1, 3)), model.predict(DOCS)[:, 1:3])
    np.testing.assert_array_equal(score(slice(1, 3), np.array([2])), model.predict(DOCS)[2:3, 1:3])
