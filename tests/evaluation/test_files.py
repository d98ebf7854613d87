"""Files that cannot be scored, and pipelines that have nothing to score."""

from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.vocab import Vocab

from spacy_rnn.data.spacy_files import read_docs
from spacy_rnn.errors import CorpusError
from spacy_rnn.evaluation.lemmas import evaluate_lemmas
from spacy_rnn.evaluation.pairs import evaluate_pairs
from spacy_rnn.evaluation.result import Evaluation
from spacy_rnn.evaluation.tagger import evaluate
from spacy_rnn.evaluation.textcat import evaluate_textcat
from spacy_rnn.evaluation.tree import evaluate_trees

from ..pipeline.lemmatizer.lemmas import lemmatizer_nlp
from ..pipeline.texts import textcat_nlp
from ..tree_helpers import parsed_reviews, tree_nlp

READERS: Dict[str, Callable[[Path], Any]] = {
    "docs": lambda path: list(read_docs(path, Vocab())),
    "tagger": lambda path: evaluate(spacy.blank("xx"), path.parent, "test"),
    "textcat": lambda path: evaluate_textcat(textcat_nlp(), path),
    "tree": lambda path: evaluate_trees(tree_nlp(), path),
    "lemmas": lambda path: evaluate_lemmas(lemmatizer_nlp(), path.parent, "test"),
}


@pytest.mark.parametrize("name", READERS)
def test_files(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / "test-words.spacy", tmp_path / "test.spacy"]
    with pytest.raises(CorpusError, match="D021|D110"):
        READERS[name](paths[1])
    whole = DocBin(docs=parsed_reviews(tree_nlp())).to_bytes()
    for damaged in (b"", b"junk", whole[:-9], whole[:30] + bytes([whole[30] ^ 8]) + whole[31:]):
        for path in paths:
            path.write_bytes(damaged)
        with pytest.raises(CorpusError, match=r"^\[D188\].*test") as caught:
            READERS[name](paths[1])
        assert str(caught.value).count("D188") == 1 and "\n" not in str(caught.value)
    for path in paths:
        DocBin().to_disk(path)
    if name != "docs":
        with pytest.raises(CorpusError, match="D024.*test"):
            READERS[name](paths[1])


def test_pipelines_that_have_nothing_to_score(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    DocBin(docs=parsed_reviews(nlp)).to_disk(tmp_path / "it.spacy")
    (tmp_path / "it.tsv").write_text("source\ttarget\na\tb\n")
    evaluations: Dict[str, Callable[[Language, Path], Evaluation]] = {
        "it.spacy": evaluate_textcat,
        "it.tsv": evaluate_pairs,
    }
    for name, score in (*evaluations.items(), ("it.spacy", evaluate_trees)):
        with pytest.raises(CorpusError, match=f"D025.*{name}.*sentencizer"):
            score(nlp, tmp_path / name)


def test_plain_data() -> None:
    found = Evaluation({"x": 0.5}, {"texts": 3, "texts_per_second": 1234.56}, {"a": (0.25, 2)})
    assert found.to_json() == {"x": 0.5, "cats_f": {"a": 0.25}, "texts": 3, "texts_per_second": 1235}
    slow = Evaluation({}, {"docs": 3, "docs_per_second": 1.26})
    assert slow.to_json() == {"docs": 3, "docs_per_second": 1.3}
