"""Whatever a component assigns is in the output, or is refused before anything is done."""

import json
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, Token

from spacy_rnn.apply import ApplySettings, apply_pipeline
from spacy_rnn.apply.columns import COLUMNS, columns_of, plain
from spacy_rnn.errors import CorpusError, UserError
from spacy_rnn.pipeline.extensions import EXTENSIONS

from ..helpers import component, trained_tagger
from ..pipeline.lemmatizer.lemmas import trained_lemmatizer
from ..pipeline.ner.entities import trained_ner
from ..pipeline.parser.parsers import trained_parser
from ..pipeline.spancat.nested import trained_spancat
from ..pipeline.texts import trained_textcat
from ..pipeline.transducer.transducers import CHARS, trained_transducer
from ..tree_helpers import LABELS, reviews, trained_tree

FORMATS = ("jsonl", "parquet", "docbin")


@Language.component(
    "assigns_much", assigns=["doc._.table", "token._.rank", "token.norm", "doc.user_data", "doc.tensor"]
)
def assigns_much(doc: Doc) -> Doc:
    for owner, name in ((Doc, "table"), (Token, "rank")):
        if not owner.has_extension(name):  # as late as can be
            owner.set_extension(name, default=None)
    doc._.table = {"rows": np.arange(6, dtype="f").reshape(2, 3), "set": {"b", "a"}, "span": Span(doc, 0, 1, "X")}
    for token in doc:
        token._.rank = np.int64(token.i)
        token.norm_ = token.text.upper()
    return doc


@Language.component("assigns_spans", assigns=["span._.rank"])
@Language.component("assigns_objects", assigns=["doc._.thing"])
def assigns_objects(doc: Doc) -> Doc:
    if not Doc.has_extension("thing"):
        Doc.set_extension("thing", default=None)
    doc._.thing = object()
    return doc


def apply(nlp: Language, folder: Path, output_format: str = "jsonl", text: str = "ab ba", **settings: Any) -> List[Any]:
    """The rows, or the documents."""
    if output_format == "parquet":
        pytest.importorskip("pyarrow")
    (folder / "it.txt").write_text(text, encoding="utf8")
    output = folder / f"out-{output_format}"
    apply_pipeline(nlp, str(folder / "it.txt"), str(output), ApplySettings(output_format=output_format, **settings))
    path = next(output.glob("part-*"))
    if output_format == "docbin":
        return list(DocBin(store_user_data=True).from_disk(path).get_docs(nlp.vocab))
    if output_format == "jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    from pyarrow.parquet import read_table

    return list(read_table(path).to_pylist())


def test_every_extension_of_ours_has_a_column() -> None:
    """If its setting is on, and only then."""
    pipelines = [
        trained_tagger(1, save_scores=True),
        trained_textcat(steps=1, save_attention=True),
        trained_tree(1, component={"save_vectors": True, "save_spans": True}),
        trained_transducer(CHARS, "char", 1, alternatives=2),
        trained_lemmatizer(1),
        trained_parser(1, save_probs=True),
        trained_ner(1, save_probs=True),
        trained_spancat(1, save_probs=True),
    ]
    found = {column for nlp in pipelines for column in columns_of(nlp)}
    # Of documents and tokens; a span has what its root has.
    names = {f"{owner.__name__.lower()}._.{name}" for owner, name, _ in EXTENSIONS if owner is not Span}
    shown = {"doc._.tree_rnn", "doc._.rnn_arc_probs"}  # by the attributes of tokens
    assert names - found == shown | {"doc._.rnn_soft_labels"}
    for nlp in pipelines:
        pipe: Any = nlp.get_pipe(nlp.pipe_names[-1])
        for setting, assigned in getattr(pipe, "KEPT", ()):
            pipe.cfg[setting] = False
            assert assigned not in columns_of(nlp) and not (assigned == "doc.spans" and "spans" in columns_of(nlp))


@pytest.mark.parametrize("output_format", FORMATS)
def test_transducer(tmp_path: Path, output_format: str) -> None:
    nlp = trained_transducer(CHARS, "char", 20, alternatives=2)
    expected = nlp("ab ba")
    (found,) = apply(nlp, tmp_path, output_format)
    if output_format == "docbin":
        assert found._.transduced == expected._.transduced and len(found._.transductions) == 2
        return
    assert found["doc._.transduced"] == expected._.transduced
    others = found["doc._.transductions"]
    others = json.loads(others) if output_format == "parquet" else others
    assert others == [[text, score] for text, score in expected._.transductions]


@pytest.mark.parametrize("output_format", FORMATS)
def test_trees(tmp_path: Path, output_format: str) -> None:
    nlp = trained_tree(20, component={"save_vectors": True, "save_spans": True})
    DocBin(docs=[example.reference for example in reviews(nlp)], store_user_data=True, attrs=["HEAD", "DEP"]).to_disk(
        tmp_path / "it.spacy"
    )
    output = tmp_path / "out"
    if output_format == "parquet":
        pytest.importorskip("pyarrow")
    settings = ApplySettings(output_format=output_format, input_format="docbin")
    apply_pipeline(nlp, str(tmp_path / "it.spacy"), str(output), settings)
    expected = list(nlp.pipe(example.predicted for example in reviews(nlp)))
    path = next(output.glob("part-*"))
    if output_format == "docbin":
        docs = list(DocBin(store_user_data=True).from_disk(path).get_docs(nlp.vocab))
        assert [doc.cats for doc in docs] == [doc.cats for doc in expected]
        for doc, same in zip(docs, expected):
            assert [token._.tree_label for token in doc] == [token._.tree_label for token in same]
            assert [(span.start, span.end, span.label_) for span in doc.spans["tree"]] == [
                (span.start, span.end, span.label_) for span in same.spans["tree"]
            ]
        return
    if output_format == "jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]
    else:
        from pyarrow.parquet import read_table

        rows = read_table(path).to_pylist()
    for row, same in zip(rows, expected):
        scores, vectors, spans = (row[name] for name in ("token._.tree_scores", "token._.tree_vector", "spans"))
        if output_format == "parquet":
            scores, vectors, spans = json.loads(scores), json.loads(vectors), dict(spans)
        assert row["token._.tree_label"] == [token._.tree_label for token in same]
        assert scores == [token._.tree_scores for token in same] and set(scores[0]) == set(LABELS)
        assert vectors == [token._.tree_vector.tolist() for token in same]
        assert [(span["start"], span["end"], span["label"]) for span in spans["tree"]] == [
            (span.start, span.end, span.label_) for span in same.spans["tree"]
        ]


def test_components_of_spacy(tmp_path: Path) -> None:
    """Among them one that can assign anything, and declares nothing."""
    nlp = spacy.blank("xx")
    component_of: Dict[str, Any] = {
        name: nlp.add_pipe(name) for name in ("sentencizer", "span_ruler", "attribute_ruler")
    }
    component_of["span_ruler"].add_patterns([{"label": "X", "pattern": "ba"}])
    component_of["attribute_ruler"].add([[{"ORTH": "ba"}]], {"POS": "NOUN", "LEMMA": "b", "NORM": "aa", "TAG": "T"})
    inner: Any = nlp.add_pipe("tok2vec")
    inner.model.initialize(X=[nlp.make_doc("ab")])
    (row,) = apply(nlp, tmp_path)
    assert row == {
        "id": "it.txt:0",
        "text": "ab ba",
        "tokens": ["ab", "ba"],
        "pos": ["", "NOUN"],
        "tag": ["", "T"],
        "lemma": ["", "b"],
        "sents": [[0, 2]],
        "spans": {"ruler": [{"start": 1, "end": 2, "label": "X"}]},
        "token.norm": ["ab", "aa"],
    }
    (doc,) = apply(nlp, tmp_path, "docbin")
    assert [(token.pos_, token.tag_, token.lemma_, token.norm_) for token in doc][1] == ("NOUN", "T", "b", "aa")
    assert [span.label_ for span in doc.spans["ruler"]] == ["X"] and len(list(doc.sents)) == 1
    (row,) = apply(nlp, tmp_path, columns=["doc.tensor"], overwrite=True)
    assert row["doc.tensor"] == nlp("ab ba").tensor.tolist()


def test_scores_of_spans(tmp_path: Path) -> None:
    nlp = spacy.blank("xx")
    categorizer: Any = nlp.add_pipe("spancat", config={"threshold": 0.0})
    categorizer.add_label("A")
    nlp.initialize()
    (row,) = apply(nlp, tmp_path)
    scores = nlp("ab ba").spans["sc"].attrs["scores"].tolist()
    assert [span["score"] for span in row["spans"]["sc"]] == scores and scores


@pytest.mark.parametrize("output_format", FORMATS)
def test_attributes_of_others(tmp_path: Path, output_format: str) -> None:
    """Arrays, sets and spans become lists; what one component passes on to another is left out."""
    nlp = spacy.blank("xx")
    nlp.add_pipe("assigns_much")
    if output_format == "docbin":
        with pytest.raises(CorpusError, match=r"D194.*doc\._\.table"):  # a span
            apply(nlp, tmp_path, output_format)
        (doc,) = apply(nlp, tmp_path, output_format, columns=["token._.rank", "token.norm"], overwrite=True)
        assert [(token._.rank, token.norm_) for token in doc] == [(0, "AB"), (1, "BA")]
        return
    (row,) = apply(nlp, tmp_path, output_format, columns=["doc._.table", "token._.rank", "token.norm", "tokens"])
    values = {
        name: json.loads(value) if output_format == "parquet" else value for name, value in row.items() if "." in name
    }
    assert values == {
        "doc._.table": {
            "rows": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]],
            "set": ["a", "b"],
            "span": {"start": 0, "end": 1, "label": "X"},
        },
        "token._.rank": [0, 1],
        "token.norm": ["AB", "BA"],
    }
    assert columns_of(nlp) == ["text", "tokens", "doc._.table", "token._.rank", "token.norm", "doc.user_data"]


@pytest.mark.parametrize("output_format", FORMATS)
def test_what_cannot_be_a_column_is_refused_at_the_start(tmp_path: Path, output_format: str) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("assigns_spans")
    with pytest.raises(CorpusError, match=r"D192.*'assigns_spans' assigns span\._\.rank"):
        apply(nlp, tmp_path, output_format)
    assert not (tmp_path / f"out-{output_format}").exists()
    assert len(apply(nlp, tmp_path, output_format, columns=["text"])) == 1


@pytest.mark.parametrize("output_format", FORMATS)
def test_what_cannot_be_written_is_said(tmp_path: Path, output_format: str) -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("assigns_objects")
    with pytest.raises(CorpusError, match=r"D194.*doc\._\.thing.*object"):
        apply(nlp, tmp_path, output_format)
    assert len(apply(nlp, tmp_path, output_format, columns=["text"], overwrite=True)) == 1


@pytest.mark.parametrize(
    ("column", "output_format"),
    [
        ("nonsense", "jsonl"),
        ("doc._.nonsense", "jsonl"),
        ("token.nonsense", "jsonl"),
        ("span.label", "jsonl"),
        ("doc.", "jsonl"),
        ("token.shape", "docbin"),
        ("doc.tensor", "docbin"),
    ],
)
def test_unknown_columns(tmp_path: Path, column: str, output_format: str) -> None:
    with pytest.raises(UserError, match=r"R001|D193"):
        apply(trained_tagger(1), tmp_path, output_format, columns=["text", column])
    assert not (tmp_path / f"out-{output_format}").exists()


def test_user_data_of_documents_stays(tmp_path: Path) -> None:
    nlp = trained_tagger(1)
    doc = nlp.make_doc("ab")
    doc.user_data = {"source": "mine", "id": "taken", "thing": {"one": 1}}
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "it.spacy")
    apply_pipeline(nlp, str(tmp_path / "it.spacy"), str(tmp_path / "out"), ApplySettings(output_format="docbin"))
    (found,) = DocBin(store_user_data=True).from_disk(tmp_path / "out" / "part-00000.spacy").get_docs(nlp.vocab)
    assert found.user_data == {"source": "mine", "id": "it.spacy:0", "thing": {"one": 1}}


def test_columns_in_a_fixed_order() -> None:
    """Whatever the order of the components."""
    nlp = spacy.blank("xx")
    for name in ("textcat", "sentencizer", "tagger"):
        nlp.add_pipe(name)
    assert columns_of(nlp) == [name for name in COLUMNS if name in ("text", "tokens", "tag", "sents", "cats")]


def test_plain_values() -> None:
    assert plain({1: (np.float32(0.5), [None, True, "x"]), "a": np.zeros((1, 2))}) == {
        "1": [0.5, [None, True, "x"]],
        "a": [[0.0, 0.0]],
    }
    for value in (object(), b"x", {(1, 2): 3}, [lambda: None]):
        with pytest.raises(TypeError):
            plain(value)
    assert component(trained_tagger(1)).KEPT


def test_a_tokenizer_with_a_vocabulary_of_its_own(tmp_path: Path) -> None:
    nlp = trained_tagger()
    nlp.tokenizer = spacy.blank("en").tokenizer
    words = "Quokkas sleep"
    rows = apply(nlp, tmp_path, text=words, columns=["tokens", "pos", "tag"])
    doc = nlp(words)
    assert rows[0]["tokens"] == words.split()
    assert rows[0]["pos"] == [token.pos_ for token in doc] and rows[0]["tag"] == [token.tag_ for token in doc]
