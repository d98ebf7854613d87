"""Scores of a pipeline on pairs of texts."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_rnn.evaluation.pairs import evaluate_pairs
from spacy_rnn.pipeline.transducer.scoring import score_transductions


def test_evaluation(tmp_path: Path) -> None:
    """Of a component that writes what it reads: one of two texts is right, and the other has one wrong letter."""

    @Language.component("parrot")
    def parrot(doc: Doc) -> Doc:
        doc._.transduced = doc.text
        return doc

    nlp = spacy.blank("xx")
    nlp.add_pipe("parrot")
    nlp.get_pipe("parrot").score = score_transductions  # type: ignore[attr-defined]
    path = tmp_path / "pairs.tsv"
    path.write_text("Ab c\tab c\nde\tdf\n", encoding="utf8")
    scores = evaluate_pairs(nlp, path, lowercase=True).to_json()
    assert scores["transduced_acc"] == 0.5 and scores["transduced_cer"] == pytest.approx(1 / 6)
    assert scores["texts"] == 2 and scores["texts_per_second"] > 0
