"""Any text at all, and any number of them: a right result or a clear error, in bounded time and memory."""

from __future__ import annotations

import resource
from typing import Any, Callable, Dict, List

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from ..helpers import trained_tagger
from ..pipeline.lemmatizer.lemmas import trained_lemmatizer
from ..pipeline.ner.entities import trained_ner
from ..pipeline.parser.parsers import assert_well_formed, trained_parser
from ..pipeline.spancat.nested import trained_spancat
from ..pipeline.texts import trained_textcat
from ..pipeline.transducer.transducers import CHARS, trained_transducer
from ..tree_helpers import trained_tree
from .budget import IS_LONG, budget

# Half a surrogate pair, NUL, joiners, marks, other directions, private use, noncharacters, blanks of all kinds, beyond
# the first plane, and what only looks like a space or a line end.
PIECES = [
    "\ud800", "\udfff", "\x00", "\u200b", "\u200d", "\ufe0f", "\u0301" * 50, "\u202e", "\u2066", "שלום", "مرحبا",
    "\ue000", "\ufdd0", "\ufdd1", "\uffff", "\U0010ffff", "\xa0", "\u3000", "\u2028", "\u0085", "\r\n", "\t", "👩‍👩‍👧",
    "각", "\u1100\u1161\u11a8", "ǅ", "ß", "İ", "'s", "...", "http://x.y?z=1&a", "$100", "-", "=", "|",
    "Case=Nom|Number=Sing", "\x1b[31m", "%s{}\\", " ",
]  # fmt: skip
some_text = st.sampled_from(PIECES) | st.text(st.characters(exclude_categories=[]), max_size=6)
texts = st.lists(some_text, max_size=8).map("".join)

MAKERS: Dict[str, Callable[[], Language]] = {
    "rnn_tagger": lambda: trained_tagger(3, save_scores=True),
    "rnn_parser": lambda: trained_parser(3, sentences="predict", save_probs=True),
    "rnn_ner": lambda: trained_ner(20, save_probs=True),
    "rnn_spancat": lambda: trained_spancat(20, save_probs=True, threshold=0.01, max_width=5, allow_crossing=False),
    "rnn_textcat": lambda: trained_textcat(steps=3, model={"hierarchy": "windows", "segment": 7}),
    "rnn_textcat_multilabel": lambda: trained_textcat(False, steps=3, save_attention=True),
    "tree_rnn": lambda: trained_tree(3, component={"save_spans": True, "save_vectors": True}, dep_width=4),
    "rnn_lemmatizer": lambda: trained_lemmatizer(3),
    "rnn_transducer": lambda: trained_transducer(CHARS, "char", 3, beams=1, max_ratio=0.1, max_extra=1, max_read=50),
}


@pytest.fixture(scope="module", params=MAKERS)
def nlp(request: pytest.FixtureRequest) -> Language:
    made = MAKERS[request.param]()
    made.max_length = 10**8
    return made


def parsed(nlp: Language, doc: Doc, arm: int = 3) -> Doc:
    """The same words under some tree, where the component needs one."""
    if nlp.pipe_names != ["tree_rnn"]:
        return doc
    words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
    heads = [max(0, i - 1 - i % arm) for i in range(len(doc))]
    return Doc(nlp.vocab, words=words, spaces=spaces, heads=heads, deps=["dep"] * len(doc))


def check(nlp: Language, doc: Doc) -> None:
    """What was predicted is there, and is made of numbers."""
    name = nlp.pipe_names[0]
    if name == "rnn_tagger":
        assert not len(doc) or all(token.pos_ for token in doc)
        arrays = list((doc._.rnn_scores or {}).values()) if len(doc) else []
        assert all(np.isfinite(array).all() and len(array) == len(doc) for array in arrays)
    elif name == "rnn_parser":
        assert_well_formed(doc)
        assert all(0.0 <= token._.arc_prob <= 1.0 for token in doc)
    elif name == "rnn_ner":
        assert all(token.ent_iob for token in doc)
        for ent in doc.ents:
            assert 0.0 < ent._.prob <= 1.0 and not ent[0].is_space and not ent[-1].is_space
    elif name == "rnn_spancat":
        group = doc.spans["sc"]
        assert np.isfinite(group.attrs["scores"]).all() and len(group.attrs["scores"]) == len(group)
        for span in list(group)[:100]:
            assert 0.0 < span._.prob <= 1.0 and not span[0].is_space and not span[-1].is_space
    elif name == "rnn_lemmatizer":
        for token in doc:
            lemma, form = token.lemma_, token.text
            assert lemma and len(lemma) <= 2 * len(form) + 10  # lower case may take two characters for one
            assert all(letter.isprintable() or letter in form for letter in lemma)
    elif name == "rnn_transducer":
        assert len(doc._.transduced) <= 0.2 * len(doc.text) + 1
    else:
        assert doc.cats and np.isfinite(list(doc.cats.values())).all()
    if name == "rnn_textcat_multilabel":
        assert doc._.rnn_attention.shape == (len(doc),) and np.isfinite(doc._.rnn_attention).all()
    if name == "tree_rnn":
        assert all(np.isfinite(array).all() for key, array in doc._.tree_rnn.items() if key != "labels")


@budget(12)
@given(batch=st.lists(texts, max_size=5), arm=st.integers(1, 5))
def test_any_text(nlp: Language, batch: List[str], arm: int) -> None:
    docs = []
    for text in batch:
        try:
            docs.append(parsed(nlp, nlp.make_doc(text), arm))
        except UnicodeEncodeError as error:
            # The only texts that spaCy cannot hold.
            assert any("\ud800" <= char <= "\udfff" for char in text) and "surrogates" in str(error)
    found = list(nlp.pipe(docs))
    assert [doc.text for doc in found] == [doc.text for doc in docs]
    for doc in found:
        check(nlp, doc)


@budget(8)
@given(batch=st.lists(texts.filter(lambda text: text.isprintable()), min_size=1, max_size=3))
def test_words_of_any_shape(nlp: Language, batch: List[str]) -> None:
    """Words that no tokenizer makes: with blanks in them, of one character, or empty tokens of one blank."""
    doc = parsed(nlp, Doc(nlp.vocab, words=[word or " " for word in batch]))
    check(nlp, next(iter(nlp.pipe([doc]))))


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def grown(run: Callable[[], Any]) -> float:
    """By how many megabytes the most memory that this process ever had has grown."""
    before = peak_megabytes()
    run()
    return peak_megabytes() - before


@pytest.mark.parametrize("char", ["x", "é", "\u0301", "\U0001f600"])
def test_one_token_of_a_megabyte(nlp: Language, char: str) -> None:
    word = char * (10**6 // len(char.encode("utf8")))
    assert grown(lambda: check(nlp, next(iter(nlp.pipe([parsed(nlp, Doc(nlp.vocab, words=[word]))]))))) < 100


def test_many_empty_documents(nlp: Language) -> None:
    n = 100_000 if IS_LONG else 5_000
    docs = (Doc(nlp.vocab) for _ in range(n))
    assert grown(lambda: sum(1 for doc in nlp.pipe(docs) if not len(doc)) == n) < 100


def test_one_long_document(nlp: Language) -> None:
    """Bound: 3 kB a token, of which 1 kB is what is asked for by save_scores."""
    n = 1_000_000 if IS_LONG else 20_000
    doc = parsed(nlp, Doc(nlp.vocab, words=[f"w{i % 5000}" for i in range(n)]))
    assert grown(lambda: check(nlp, next(iter(nlp.pipe([doc]))))) < 100 + 3e-3 * n


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_deep_and_wide_trees(shape: str) -> None:
    n = 100_000 if IS_LONG else 3_000
    nlp = MAKERS["tree_rnn"]()
    heads = [max(0, i - 1) for i in range(n)] if shape == "chain" else [0] * n
    doc = Doc(nlp.vocab, words=["good"] * n, heads=heads, deps=["dep"] * n)
    check(nlp, next(iter(nlp.pipe([doc]))))
