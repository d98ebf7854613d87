"""The textcat workflow, on corpora in the place where the index's would be."""

import runpy
from pathlib import Path
from typing import Any, Dict, List

import spacy
import srsly
from spacy.training import Corpus
from weasel.cli.run import project_run

from spacy_rnn.data.labelled import LABELLED_CORPORA, SPLITS
from spacy_rnn.data.textcat_corpus import convert_textcat
from spacy_rnn.data.treebanks import SOURCE_FILE, checksum

from ..pipeline.texts import textcat_config
from .test_project import ROOT
from .test_project import project as project  # a fixture

TRAINED = {"vars.textcat_steps": 12}


def put(folder: Path, name: str, records: List[Dict[str, Any]]) -> None:
    """What `fetch-textcat` would leave, so that nothing is fetched."""
    corpus = LABELLED_CORPORA[name]
    folder.mkdir(parents=True)
    for split in SPLITS:
        srsly.write_jsonl(folder / f"{split}.jsonl", records)
    source = {"corpus": name, "archive": corpus.requirement, "sha256": corpus.sha256, "lang": corpus.lang}
    files = {f"{split}.jsonl": checksum(folder / f"{split}.jsonl") for split in SPLITS}
    srsly.write_json(folder / SOURCE_FILE, {"source": source, "files": files})


RECORDS: Dict[str, List[Dict[str, Any]]] = {
    "sentiment": [{"text": f"{word} {i}", "label": label} for i in range(4) for word, label in
                  (("good", "positive"), ("bad", "negative"), ("it", "neutral"))],
    "emotions": [{"text": f"{word} {i}", "cats": cats} for i in range(4) for word, cats in
                 (("bom", {"joy": 1.0, "fear": 0.0}), ("mau", {"joy": 0.0}), ("medo", {"fear": 1.0}))],
}  # fmt: skip


def test_workflow(project: Path) -> None:
    """With the corpus that has any number of categories."""
    name = "emotions"
    put(project / "assets" / f"textcat-{name}", name, RECORDS[name])
    project_run(project, "textcat", overrides={"vars.textcat": name, **TRAINED})
    scores = srsly.read_json(project / "metrics" / f"textcat-{name}.json")
    assert {"cats_macro_f", "cats_ece", "words_per_second"} < set(scores)
    nlp = spacy.load(project / "training" / f"textcat-{name}" / "spacy-rnn" / "model-best")
    assert nlp.lang == LABELLED_CORPORA[name].lang
    assert set(nlp("bom").cats) == {"joy", "fear"}
    assert nlp.pipeline[-1][1].cfg["temperature"] != 1.0  # type: ignore[attr-defined]


def test_benchmark(tmp_path: Path) -> None:
    """Two sides, with figures for each, their ratios and a picture."""
    for split in ("train", "test"):
        srsly.write_jsonl(tmp_path / f"{split}.jsonl", RECORDS["sentiment"] * 8)
    convert_textcat([tmp_path / "train.jsonl", tmp_path / "test.jsonl"], tmp_path / "corpus", lang="en")
    for name, factory, config in (("spacy-rnn", "rnn_textcat", textcat_config()), ("spacy-ensemble", "textcat", {})):
        nlp = spacy.blank("en")
        nlp.add_pipe(factory, config=config)
        nlp.initialize(lambda nlp=nlp: Corpus(tmp_path / "corpus" / "train.spacy")(nlp))  # type: ignore[misc]
        (tmp_path / "models" / name).mkdir(parents=True)
        nlp.to_disk(tmp_path / "models" / name / "model-best")
    output, picture = tmp_path / "out" / "figures.json", tmp_path / "out" / "figures.png"
    benchmark = runpy.run_path(str(ROOT / "project" / "scripts" / "benchmark_textcat.py"))["main"]
    benchmark(tmp_path / "corpus", tmp_path / "models", output, picture, repeats=1, steps=2, words=100, threads=1)
    found = srsly.read_json(output)
    assert list(found["results"]) == ["spacy-rnn", "spacy-ensemble"]
    for figures in found["results"].values():
        assert all(figures[name] > 0 for name in ("accuracy", "prediction words/s", "training words/s"))
    assert set(found["ratios"]) == {"prediction words/s", "training words/s"}
    assert picture.read_bytes().startswith(b"\x89PNG")
