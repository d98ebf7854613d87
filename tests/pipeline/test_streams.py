"""Streams: documents that cannot be annotated, and memory zones."""

from typing import Any, Dict, List, Tuple

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from ..helpers import TEXTS, annotations, component, tag, tagger_nlp, trained_tagger
from ..tree_helpers import parsed_reviews, trained_tree, tree_nlp
from .ner.entities import ents_of, trained_ner
from .parser.parsers import trained_parser
from .spancat.nested import trained_spancat
from .texts import trained_textcat


def collect(nlp: Language) -> List[Tuple[str, int, str]]:
    """From now on, collect the calls of the error handler: the first text, the number of documents, the message."""
    found: List[Tuple[str, int, str]] = []

    def handle(name: str, pipe: Any, docs: List[Doc], error: Exception) -> None:
        found.append((docs[0].text, len(docs), str(error)))

    nlp.set_error_handler(handle)  # type: ignore[arg-type]  # spaCy declares one that never returns
    return found


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_one_bad_document_leaves_the_others(batch_size: int) -> None:
    nlp = trained_tree(5)
    good = parsed_reviews(nlp)
    expected = [doc.cats for doc in nlp.pipe(parsed_reviews(nlp))]
    bad = [Doc(nlp.vocab, words=["not", "parsed", str(i)]) for i in range(2)]
    failed = collect(nlp)
    found = list(nlp.pipe([bad[0], *good[:3], bad[1], *good[3:]], batch_size=batch_size))
    assert [doc.text for doc in found] == [doc.text for doc in good]
    for doc, cats in zip(found, expected):
        assert doc.cats == pytest.approx(cats, abs=1e-5)
    assert [(text, n) for text, n, _ in failed] == [("not parsed 0 ", 1), ("not parsed 1 ", 1)]
    assert all("R150" in message for _, _, message in failed)


def test_bad_document_stops_the_stream_where_nobody_handles_it() -> None:
    nlp = trained_tree(2)
    with pytest.raises(ValueError, match="R150.*not parsed"):
        list(nlp.pipe([*parsed_reviews(nlp), Doc(nlp.vocab, words=["not", "parsed"])]))


def test_document_that_takes_too_much_memory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch that does not fit into memory is halved until it does."""
    nlp = trained_tagger(2)
    predict = component(nlp).predict
    sizes = []

    def limited(docs: List[Doc]) -> Any:
        sizes.append(len(docs))
        if len(docs) > 2:
            raise MemoryError
        return predict(docs)

    expected = tag(nlp, TEXTS * 2)
    monkeypatch.setattr(component(nlp), "predict", limited)
    assert tag(nlp, TEXTS * 2) == expected
    assert max(sizes) == len(TEXTS) * 2


def fresh_copy(nlp: Language) -> Language:
    """The same pipeline with the string store of a new one."""
    data = nlp.to_bytes(exclude=["vocab"])
    other: Language = spacy.blank("xx")
    name = nlp.pipe_names[0]
    other.add_pipe(name, config=_config(nlp, name))
    return other.from_bytes(data, exclude=["vocab"])


def _config(nlp: Language, name: str) -> Dict[str, Any]:
    return {key: value for key, value in nlp.get_pipe_config(name).items() if key != "factory"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: trained_tagger(20),
        lambda: trained_parser(20),
        lambda: trained_ner(40),
        lambda: trained_spancat(20, threshold=0.1),
        lambda: trained_textcat(steps=5),
    ],
    ids=["tagger", "parser", "ner", "spancat", "textcat"],
)
def test_memory_zone_frees_the_words_and_keeps_the_labels(make: Any) -> None:
    nlp = fresh_copy(make())

    def read(doc: Doc) -> Any:
        spans = [(span.start, span.end, span.label_) for span in doc.spans.get("sc", ())]
        return annotations(doc), [(token.head.i, token.dep_) for token in doc], ents_of(doc), spans, dict(doc.cats)

    texts = [f"{text} transient{i}" for i in range(3) for text in TEXTS]
    with nlp.memory_zone():
        inside = [read(doc) for doc in nlp.pipe(texts)]
    known = len(nlp.vocab.strings)
    assert "transient1" not in nlp.vocab.strings
    for _ in range(2):
        with nlp.memory_zone():
            assert [read(doc) for doc in nlp.pipe(texts)] == inside
        assert len(nlp.vocab.strings) == known
    assert [read(doc) for doc in nlp.pipe(texts)] == inside


def test_labels_made_in_a_memory_zone_stay() -> None:
    nlp = fresh_copy(trained_tagger(20))
    with nlp.memory_zone():
        nlp("The cats sleep .")
    for tag_ in component(nlp).label_data["tag"]:
        assert tag_ in nlp.vocab.strings


def test_memory_zone_of_trees() -> None:
    trained = trained_tree(5, component={"save_spans": True})
    nlp = tree_nlp(component={"save_spans": True}).from_bytes(trained.to_bytes())
    expected = [[span.label_ for span in doc.spans["tree"]] for doc in nlp.pipe(parsed_reviews(nlp))]
    for _ in range(2):
        with nlp.memory_zone():
            docs = nlp.pipe(parsed_reviews(nlp))
            assert [[span.label_ for span in doc.spans["tree"]] for doc in docs] == expected


def test_words_of_a_memory_zone_are_cached_by_key() -> None:
    """The cache refers to no string, and is still valid when the word returns."""
    nlp = tagger_nlp().from_bytes(trained_tagger(10).to_bytes())
    text = "Unheardof cats barked"
    expected = tag(tagger_nlp().from_bytes(nlp.to_bytes()), [text])
    for _ in range(3):
        with nlp.memory_zone():
            assert tag(nlp, [text]) == expected
