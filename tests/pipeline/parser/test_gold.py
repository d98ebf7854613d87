"""What is learned from gold trees: alignment, gaps, whitespace, sentences."""

from typing import Any, List, Optional, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.base.parsing import UNKNOWN
from spacy_rnn.pipeline.parser.gold import read_gold
from spacy_rnn.pipeline.parser.sentences import SentenceLayout, Tokens

from ...helpers import VOCAB, component
from .parsers import TREES, joined, parser_nlp, tree_doc, tree_examples


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = parser_nlp()
    nlp.initialize(lambda: tree_examples(nlp))
    return nlp


def learned(nlp: Language, *examples: Example) -> Any:
    """The sentences' lengths, and for each word its head, its label and whether a sentence starts; None if unknown."""
    parser: Any = component(nlp, "rnn_parser")
    inputs = parser._inputs(list(examples))
    if inputs is None:
        return None
    names: List[Optional[str]] = [*parser.label_data["arcs"], *parser.label_data["roots"], None]
    heads = [None if head == UNKNOWN else head for head in inputs.task.heads.tolist()]
    labels = [names[column] for column in inputs.task.labels.tolist()]
    return inputs.sentences.lengths.tolist(), list(zip(heads, labels)), inputs.task.starts


def example(predicted: Doc, reference: Doc) -> Example:
    return Example(predicted, reference)


def no_spaces(nlp: Language, words: Sequence[str], **annotations: Any) -> Doc:
    return Doc(nlp.vocab, words=list(words), spaces=[False] * len(words), **annotations)


def test_trees_of_a_batch(nlp: Language) -> None:
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    lengths, words, starts = learned(nlp, *tree_examples(nlp)[1:], empty)
    assert lengths == [3, 7, 1] and starts is None
    assert words == [
        (2, "det"), (3, "nsubj"), (0, "ROOT"),
        (2, "nsubj"), (0, "ROOT"), (4, "det"), (2, "obj"), (2, "obl"), (7, "nsubj"), (4, "acl:relcl"),
        (0, "ROOT"),
    ]  # fmt: skip


def test_sentences_of_a_document(nlp: Language) -> None:
    """Gold sentences, unless the reference has none: then those of the document itself."""
    words, heads, deps = joined(TREES[:2])
    gold = tree_doc(nlp, (words, heads, deps))
    own = Doc(nlp.vocab, words=words.split(), sent_starts=[i in (0, 2) for i in range(7)])
    lengths, found, _ = learned(nlp, Example(own, gold))
    assert lengths == [4, 3] and found[4] == (2, "det")
    bare = Example(own, Doc(nlp.vocab, words=words.split()))
    assert learned(nlp, bare) is None
    parser: Any = component(nlp, "rnn_parser")
    assert parser._gold_layout([bare], read_gold([bare])).sentences.lengths.tolist() == [2, 5]


def test_gaps_do_not_count(nlp: Language) -> None:
    """spaCy knows no head without a label."""
    gold = Doc(nlp.vocab, words=["The", "cats", "sleep", "."], heads=[1, 2, 2, 2], deps=["det", "", "ROOT", ""])
    _, found, _ = learned(nlp, Example(Doc(nlp.vocab, words=["The", "cats", "sleep", "."]), gold))
    assert found == [(2, "det"), (None, None), (0, "ROOT"), (None, None)]
    nothing = Doc(nlp.vocab, words=["a", "b"])
    assert learned(nlp, Example(nothing, nothing.copy())) is None
    assert component(nlp, "rnn_parser").update([Example(nothing, nothing.copy())]) == {"rnn_parser": 0.0}


def test_unknown_labels_leave_the_head(nlp: Language) -> None:
    gold = Doc(nlp.vocab, words=["a", "b"], heads=[1, 1], deps=["strange", "ROOT"])
    _, found, _ = learned(nlp, Example(Doc(nlp.vocab, words=["a", "b"]), gold))
    assert found == [(2, None), (0, "ROOT")]


def test_tokens_that_are_not_aligned(nlp: Language) -> None:
    """A token counts if one gold token stands for it and for no other; so must its head."""
    gold = no_spaces(nlp, ["She", "did", "n't", "sleep"], heads=[3, 3, 3, 3], deps=["nsubj", "det", "obl", "ROOT"])
    split = example(no_spaces(nlp, ["She", "didn't", "sleep"]), gold)
    assert learned(nlp, split)[1] == [(3, "nsubj"), (None, None), (0, "ROOT")]
    root = example(no_spaces(nlp, ["She", "did", "n't", "sl", "eep"]), gold)
    assert learned(nlp, root) is None
    assert learned(nlp, example(no_spaces(nlp, ["Shedid", "n'tsleep"]), gold)) is None
    nothing = example(no_spaces(nlp, ["a"]), Doc(nlp.vocab))
    assert learned(nlp, nothing) is None


def test_whitespace_takes_no_part(nlp: Language) -> None:
    """Neither as a dependent nor as a head."""
    words = [" ", "The", "\n", "cats", "sleep", " "]
    gold = no_spaces(nlp, words, heads=[1, 3, 3, 4, 4, 4], deps=["dep", "det", "dep", "nsubj", "ROOT", "dep"])
    lengths, found, _ = learned(nlp, Example(no_spaces(nlp, words), gold))
    assert lengths == [3] and found == [(2, "det"), (3, "nsubj"), (0, "ROOT")]
    hung = no_spaces(nlp, ["a", " ", "b"], heads=[1, 2, 2], deps=["det", "dep", "ROOT"])
    assert learned(nlp, Example(no_spaces(nlp, ["a", " ", "b"]), hung))[1] == [(None, None), (0, "ROOT")]


def test_heads_in_other_sentences_do_not_count(nlp: Language) -> None:
    """Where the sentences are those of the document, because the gold ones are not known."""
    words = ["a", "b", "c", "d"]
    gold = Doc(nlp.vocab, words=words, heads=[3, 0, 3, 3], deps=["det", "obj", "", ""])
    own = Doc(nlp.vocab, words=words, sent_starts=[True, False, True, False])
    lengths, found, _ = learned(nlp, Example(own, gold))
    assert lengths == [2, 2] and found == [(None, None), (1, "obj"), (None, None), (None, None)]


def test_sentence_starts(nlp: Language) -> None:
    """Learned where they are known; the first token of a document is no decision."""
    finder = parser_nlp(sentences="predict")
    finder.initialize(lambda: tree_examples(finder))
    tree = joined(TREES[:2])
    gold = tree_doc(finder, tree)
    bare = Doc(finder.vocab, words=tree[0].split())
    _, _, starts = learned(finder, Example(bare, gold))
    assert starts.tolist() == [UNKNOWN, 0, 0, 0, 1, 0, 0]
    gold[6].dep = 0  # a gap
    _, _, starts = learned(finder, Example(bare, gold))
    assert set(starts.tolist()) <= {UNKNOWN, 1}
    only = Doc(finder.vocab, words=tree[0].split(), sent_starts=[True, None, False, None, True, None, None])
    lengths, found, starts = learned(finder, Example(bare, only))
    assert lengths == [4, 3] and set(found) == {(None, None)}
    assert starts.tolist() == [UNKNOWN, UNKNOWN, 0, UNKNOWN, 1, UNKNOWN, UNKNOWN]


words_lists = st.lists(st.sampled_from(["a", "b", " ", "\n\n"]), max_size=9)


@given(docs=st.lists(words_lists, max_size=4), seed=st.integers(0, 100), most=st.integers(1, 4))
def test_layouts(docs: List[List[str]], seed: int, most: int) -> None:
    """Each word is in one sentence of at most so many; whitespace hangs on words next to it, in its sentence."""
    rng = np.random.default_rng(seed)
    tokens = Tokens.read([Doc(VOCAB, words=words) for words in docs])
    n = sum(map(len, docs))
    marks = rng.integers(-1, 2, n)
    layout = SentenceLayout.build(tokens, marks, most, "parser")
    lengths = layout.sentences.lengths
    assert lengths.max(initial=0) <= most
    spaces = [word.isspace() for words in docs for word in words]
    assert layout.sentences.rows.tolist() == [i for i, space in enumerate(spaces) if not space]
    begins = np.cumsum([0, *map(len, docs)])[:-1]
    assert all(layout.starts[start] for start, words in zip(begins, docs) if words)
    assert layout.starts[marks == 1].all()
    # A chain of words, the first one of each sentence its root.
    heads = layout.to_rows(np.concatenate([np.arange(length) for length in lengths] or [np.zeros(0, dtype=np.int64)]))
    assert (layout.owner[heads] == layout.owner).all()
    for i, head in enumerate(heads.tolist()):
        between = spaces[min(i, head) + 1 : max(i, head)]
        assert all(between)  # nothing but whitespace
        if spaces[i] and head != i:
            assert not spaces[head] or all(spaces[j] for j in np.flatnonzero(layout.owner == layout.owner[i]))
            assert head < i or all(spaces[j] for j in range(int(np.argmax(layout.owner == layout.owner[i])), i))
