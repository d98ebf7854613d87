"""The extension attributes: registered in every process, and true of the tokens that a document has by now."""

import logging
import pickle
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Token
from spacy.tokens.underscore import Underscore

from spacy_rnn.pipeline.extensions import (
    ARC_PROBS,
    ATTENTION,
    ENT_PROBS,
    EXTENSIONS,
    SCORES,
    SPAN_PROBS,
    TRANSDUCED,
    TREE,
    assign,
    read,
)

from ..helpers import VOCAB, tagger_nlp, trained_tagger
from ..tree_helpers import parsed_reviews, trained_tree, tree_nlp
from .ner.entities import ner_nlp, trained_ner
from .parser.parsers import parser_nlp, trained_parser
from .spancat.nested import spancat_nlp, trained_spancat
from .test_processes import run
from .texts import trained_textcat
from .transducer.transducers import trained_transducer, transducer_nlp

edits = st.lists(st.tuples(st.sampled_from(["merge", "split"]), st.integers(0, 7)), max_size=4)


def keep(doc: Doc) -> Doc:
    """Row i of everything that is kept is i."""
    rows = np.arange(len(doc), dtype=np.float32)
    assign(doc, SCORES, {"pos": np.stack([rows, rows], axis=1)})
    assign(doc, ATTENTION, rows)
    assign(doc, ARC_PROBS, rows)
    assign(doc, ENT_PROBS, rows)
    spans = np.stack([np.arange(len(doc))] * 2, axis=1)
    assign(doc, SPAN_PROBS, {"sc": {"labels": ["X"], "spans": spans, "probs": rows.reshape(-1, 1)}})
    tree = {"labels": [str(i) for i in range(len(doc))], "scores": rows.reshape(-1, 1), "best": rows.astype(np.int64)}
    assign(doc, TREE, {**tree, "vectors": rows.reshape(-1, 1)})
    return doc


def edit(doc: Doc, changes: List[Tuple[str, int]]) -> None:
    """Merge a token with the next one, or split off its first character."""
    for kind, place in changes:
        token = doc[place % len(doc)]
        with doc.retokenize() as retokenizer:
            if kind == "split" and len(token) > 1:
                retokenizer.split(token, [token.text[0], token.text[1:]], heads=[(token, 0), (token, 0)])
            elif kind == "merge" and token.i + 1 < len(doc):
                retokenizer.merge(doc[token.i : token.i + 2])


def copies(doc: Doc) -> Iterator[Doc]:
    """The document, and what comes back when it is copied, sent and stored."""
    yield doc
    yield doc.copy()
    yield Doc(VOCAB).from_bytes(doc.to_bytes())
    yield pickle.loads(pickle.dumps(doc))
    stored = DocBin(store_user_data=True, docs=[doc]).to_bytes()
    yield from DocBin().from_bytes(stored).get_docs(VOCAB)


def row_of(token: Any) -> Optional[int]:
    """The row that the attributes of a token or span show; they all show the same."""
    values = token._.tree_label, token._.tree_scores, token._.tree_vector
    assert not isinstance(token, Token) or token._.arc_prob == (values[2] if values[2] is None else values[2][0])
    if values == (None, None, None):
        return None
    label, scores, vector = values
    assert int(label) == scores["0"] == vector[0]
    return int(label)


@given(words=st.lists(st.sampled_from(["ab", "abc", "d"]), min_size=1, max_size=8), changes=edits)
def test_rows_stay_with_their_tokens(words: List[str], changes: List[Tuple[str, int]]) -> None:
    """However a document is split and merged afterwards: a token has its own row or none, and attributes of the
    document have the rows of all tokens or none."""
    doc = keep(Doc(VOCAB, words=words))
    places = [(token.idx, token.text) for token in doc]
    edit(doc, changes)
    for found in copies(doc):
        present = [(token.idx, token.text) for token in found]
        own = [places.index(place) if place in places else None for place in present]
        assert [row_of(token) for token in found] == own
        assert [row_of(found[i : i + 1]) for i in range(len(found))] == own
        expected = [None if i is None else [("X", i)] for i in own]
        assert [found[i : i + 1]._.label_probs for i in range(len(found))] == expected
        attributes = [read(found, name) for name in (SCORES, ATTENTION, TREE)]
        for name in (ARC_PROBS, ENT_PROBS):
            assert np.array_equal(read(found, name), attributes[1])
        if present == places:
            scores, attention, tree = attributes
            assert scores["pos"][:, 0].tolist() == attention.tolist() == tree["best"].tolist() == own
        else:
            assert attributes == [None, None, None]


@given(words=st.lists(st.sampled_from(["ab", "c"]), min_size=1, max_size=6))
def test_rows_of_parts_and_joined_documents(words: List[str]) -> None:
    """What spaCy cuts out and puts together has its own rows or none, also where words repeat."""
    doc = keep(Doc(VOCAB, words=words))
    for start in range(len(doc)):
        for end in range(start + 1, len(doc) + 1):
            part = doc[start:end].as_doc(copy_user_data=True)
            assert all(row_of(token) in (None, start + token.i) for token in part)
            assert read(part, ATTENTION) is None or (start, end) == (0, len(doc))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spaCy's W101, that it leaves such attributes out
        joined = Doc.from_docs([doc, doc])
    assert all(row_of(token) in (None, token.i % len(doc)) for token in joined)
    assert read(joined, ATTENTION) is None
    other = Doc(VOCAB, words=[*words[1:], "other"], user_data=doc.user_data)
    assert read(other, SCORES) is None


def test_rows_that_earlier_versions_stored() -> None:
    """They have no tokens beside them; their number says whether they are still those of the document."""
    doc = Doc(VOCAB, words=["ab", "cd", "e"])
    rows = np.arange(3, dtype=np.float32)
    tree = {"labels": ["0", "1", "2"], "scores": rows.reshape(-1, 1), "best": rows.astype(np.int64)}
    for name, value in ((SCORES, {"pos": rows.reshape(-1, 1)}), (ATTENTION, rows), (TREE, tree)):
        doc.user_data[("._.", name, None, None)] = value  # type: ignore[index]
        assert read(doc, name) is value
    assert [token._.tree_label for token in doc] == ["0", "1", "2"]
    edit(doc, [("merge", 0)])
    assert [read(doc, name) for name in (SCORES, ATTENTION, TREE)] == [None, None, None]
    assert [token._.tree_label for token in doc] == [None, None]


def test_attributes_that_were_never_set() -> None:
    doc = Doc(VOCAB, words=["a"])
    assert [doc._.get(name) for owner, name, _ in EXTENSIONS if owner is Doc] == [None] * 9
    assert row_of(doc[0]) is row_of(doc[:1]) is None
    doc._.rnn_attention = None
    assert doc._.rnn_attention is None


TRAINED: Dict[str, Callable[[], Language]] = {
    SCORES: lambda: trained_tagger(2, save_scores=True),
    ATTENTION: lambda: trained_textcat(True, steps=2, save_attention=True),
    TRANSDUCED: lambda: trained_transducer([("ab", "ba"), ("cd", "dc")], "char", steps=2),
    TREE: lambda: trained_tree(2),
    ARC_PROBS: lambda: trained_parser(2, save_probs=True),
    ENT_PROBS: lambda: trained_ner(2, save_probs=True),
    SPAN_PROBS: lambda: trained_spancat(2, save_probs=True),
}


@pytest.fixture(scope="module")
def nlp() -> Language:
    """A pipeline that assigns all attributes."""
    nlp = spacy.blank("xx")
    for make in TRAINED.values():
        source = make()
        nlp.add_pipe(source.pipe_names[-1], source=source)
    return nlp


READERS = {
    "package": "import spacy; from spacy.vocab import Vocab; import spacy_rnn; vocab = Vocab()",
    "language": "import spacy; vocab = spacy.blank('en').vocab",
    "module": "import spacy_rnn.pipeline.lemmatizer; import spacy; vocab = spacy.blank('en').vocab",
}
READ = """
import pickle, sys
from spacy.tokens import Doc, DocBin
docs = list(DocBin().from_disk(sys.argv[1] + "/docs").get_docs(vocab))
docs += [Doc(vocab).from_disk(sys.argv[1] + "/doc"), pickle.load(open(sys.argv[1] + "/pickle", "rb"))]
for doc in docs:
    assert all(doc._.get(name) is not None for name in sys.argv[2:])
    assert all(token._.tree_scores and doc[:1]._.tree_label for token in doc)
print("read")
"""
PREDICT = """
import pickle, sys
nlp = pickle.load(open(sys.argv[1] + "/nlp", "rb"))
pipes = pickle.load(open(sys.argv[1] + "/pipes", "rb"))
from spacy.tokens import Doc
make = lambda: Doc(nlp.vocab, words=["good", "film"], heads=[1, 1], deps=["amod", "ROOT"])
alone = make()
for pipe in pipes:
    pipe(alone)
for doc in (nlp(make()), alone):
    assert all(doc._.get(name) is not None for name in sys.argv[2:])
print("predicted")
"""
SPAWN = """
import multiprocessing, sys
import spacy
from spacy.tokens import Doc
if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    nlp = spacy.load(sys.argv[1] + "/saved")
    docs = [Doc(nlp.vocab, words=["good", "film"], heads=[1, 1], deps=["amod", "ROOT"]) for _ in range(4)]
    for doc in nlp.pipe(docs, n_process=2, batch_size=1):
        assert all(doc._.get(name) is not None for name in sys.argv[2:])
    print("spawned")
"""


def test_registered_in_every_process(nlp: Language, tmp_path: Path) -> None:
    """Also where no component was ever constructed: documents are read, and pipelines unpickled."""
    done = list(nlp.pipe(parsed_reviews(nlp)))
    DocBin(store_user_data=True, docs=done).to_disk(tmp_path / "docs")
    done[0].to_disk(tmp_path / "doc")
    nlp.to_disk(tmp_path / "saved")
    for file, value in (("pickle", done[0]), ("nlp", nlp), ("pipes", [pipe for _, pipe in nlp.pipeline])):
        (tmp_path / file).write_bytes(pickle.dumps(value))
    for preparation in READERS.values():
        assert run(preparation + READ, str(tmp_path), *TRAINED).strip() == "read"
    assert run(PREDICT, str(tmp_path), *TRAINED).strip() == "predicted"
    assert run(SPAWN, str(tmp_path), *TRAINED).strip() == "spawned"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes to what is registered end with the test."""
    for owner in ("doc", "span", "token"):
        monkeypatch.setattr(Underscore, f"{owner}_extensions", {})


@pytest.mark.usefixtures("state")
def test_registered_again_when_it_is_needed(nlp: Language) -> None:
    docs = parsed_reviews(nlp)
    assert not any(Doc.has_extension(name) for name in TRAINED)
    for doc in nlp.pipe(docs):
        assert all(doc._.get(name) is not None for name in TRAINED)


FACTORIES: Dict[str, Any] = {
    SCORES: lambda: tagger_nlp(save_scores=True),
    ARC_PROBS: lambda: parser_nlp(save_probs=True),
    ENT_PROBS: lambda: ner_nlp(save_probs=True),
    SPAN_PROBS: lambda: spancat_nlp(save_probs=True),
    ATTENTION: lambda: trained_textcat(True, steps=1, save_attention=True),
    TRANSDUCED: transducer_nlp,
    TREE: tree_nlp,
}


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("name", FACTORIES)
def test_the_extension_of_somebody_else_is_kept(
    name: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log message says so if it hides what the component assigns."""
    monkeypatch.setattr(spacy.util.logger, "propagate", True)
    with caplog.at_level(logging.WARNING, "spacy"):
        Doc.set_extension(name, default="mine")
        FACTORIES[name]()
        assert Doc.get_extension(name) == ("mine", None, None, None) and not caplog.messages
        Doc.set_extension(name, getter=len, force=True)
        FACTORIES[name]()
        assert Doc.get_extension(name) == (None, None, len, None)
        (message,) = set(caplog.messages)
    assert f"Doc._.{name} was registered by other code" in message


@pytest.mark.usefixtures("state")
def test_the_token_extension_of_somebody_else_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    Token.set_extension("tree_label", default="mine")
    with caplog.at_level(logging.WARNING, "spacy"):
        nlp = trained_tree(2)
    (message,) = set(caplog.messages)
    assert "Token._.tree_label was registered by other code" in message
    doc = nlp(parsed_reviews(nlp)[0])
    assert doc[0]._.tree_label == "mine" and doc[0]._.tree_scores is not None and doc[:1]._.tree_label is not None
