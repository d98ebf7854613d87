"""The tree workflows, on corpora in the place where the index's would be."""

from pathlib import Path

import pytest
import spacy
import srsly
from weasel.cli.run import project_run

from ..tree_helpers import parser_pipeline
from .test_textcat import RECORDS, put


@pytest.mark.usefixtures("in_process")
def test_workflow(project: Path) -> None:
    project = project / "trees"
    put(project / "assets" / "textcat-sentiment", "sentiment", RECORDS["sentiment"])
    parser_pipeline().to_disk(project / "assets" / "parser")
    settings = {"tree_parser": "assets/parser", "treebank": "sample", "tree_steps": 8, "relations_steps": 8}
    project_run(project, "tree", overrides={f"vars.{name}": value for name, value in settings.items()})
    assert 0 <= srsly.read_json(project / "metrics" / "tree-sentiment.json")["tree_acc"] <= 1
    # The sample is tiny, but a determiner is soon told from a punctuation mark.
    assert srsly.read_json(project / "metrics" / "tree-sample.json")["tree_phrase_acc"] > 0.05
    nlp = spacy.load(project / "training" / "tree-sentiment" / "pipeline")
    assert set(nlp("good 1").cats) == {"positive", "negative", "neutral"}


@pytest.mark.usefixtures("in_process")
def test_stanford_sentiment_treebank(project: Path) -> None:
    """Its local folder becomes two corpora; training on them is as above."""
    project = project / "trees"
    folder = project / "assets" / "sst"
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.txt").write_text("(3 (2 A) (3 (3 nice) (2 day)))", encoding="utf8")
    parser_pipeline().to_disk(project / "assets" / "parser")
    settings = {"vars.tree_parser": "assets/parser", "vars.sst_dir": "assets/sst"}
    project_run(project, "convert-sst", overrides=settings)
    for name, n_labels in {"sst5": 5, "sst2": 2}.items():
        assert len(srsly.read_json(project / "corpus" / name / "stats.json")["labels"]) == n_labels
