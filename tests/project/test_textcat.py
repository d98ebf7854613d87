"""The textcat workflow, on corpora in the place where the index's would be."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import spacy
import srsly
from weasel.cli.run import project_run

from spacy_rnn.base.hashing import sha256
from spacy_rnn.data.convert import SPLITS
from spacy_rnn.data.fetch.labelled import LABELLED_CORPORA
from spacy_rnn.data.fetch.treebanks import SOURCE_FILE

TRAINED = {"vars.textcat_steps": 12}


def put(folder: Path, name: str, records: List[Dict[str, Any]]) -> None:
    """What `fetch-textcat` would leave, so that nothing is fetched."""
    corpus = LABELLED_CORPORA[name]
    folder.mkdir(parents=True)
    for split in SPLITS:
        srsly.write_jsonl(folder / f"{split}.jsonl", records)
    source = {"corpus": name, "archive": corpus.requirement, "sha256": corpus.sha256, "lang": corpus.lang}
    files = {f"{split}.jsonl": sha256(folder / f"{split}.jsonl") for split in SPLITS}
    srsly.write_json(folder / SOURCE_FILE, {"source": source, "files": files})


RECORDS: Dict[str, List[Dict[str, Any]]] = {
    "sentiment": [{"text": f"{word} {i}", "label": label} for i in range(4) for word, label in
                  (("good", "positive"), ("bad", "negative"), ("it", "neutral"))],
    "emotions": [{"text": f"{word} {i}", "cats": cats} for i in range(4) for word, cats in
                 (("bom", {"joy": 1.0, "fear": 0.0}), ("mau", {"joy": 0.0}), ("medo", {"fear": 1.0}))],
}  # fmt: skip


@pytest.mark.usefixtures("in_process")
def test_workflow(project: Path) -> None:
    """With the corpus that has any number of categories."""
    project, name = project / "texts", "emotions"
    put(project / "assets" / f"textcat-{name}", name, RECORDS[name])
    project_run(project, "textcat", overrides={"vars.textcat": name, **TRAINED})
    scores = srsly.read_json(project / "metrics" / f"textcat-{name}.json")
    assert {"cats_macro_f", "cats_ece", "words_per_second"} < set(scores)
    nlp = spacy.load(project / "training" / f"textcat-{name}" / "spacy-rnn" / "model-best")
    assert nlp.lang == LABELLED_CORPORA[name].lang
    assert set(nlp("bom").cats) == {"joy", "fear"}
    assert nlp.pipeline[-1][1].cfg["temperature"] != 1.0  # type: ignore[attr-defined]
