"""What is written can be read again, and nothing but the whitespace tokens is missing."""

import io
import tempfile
from itertools import product
from pathlib import Path
from typing import Any, List, Sequence, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_rnn.data.conllu import ConlluCounts, ConlluWriter, Sentence, read_conllu
from spacy_rnn.data.conllu.write import heads_within, is_tree
from spacy_rnn.data.convert import convert_treebank
from spacy_rnn.data.merge import surface_text

from ..helpers import words as forms

VOCAB = Vocab()
FIELDS = forms.filter(lambda value: value != "_")  # which stands for nothing
BLANKS = st.text(" \t\n\r\u00a0\u2028", min_size=1, max_size=4)


def written(*docs: Doc, flat_trees: bool = False, name: str = "") -> Tuple[str, ConlluCounts]:
    target = io.StringIO()
    writer = ConlluWriter(target, flat_trees=flat_trees)
    for doc in docs:
        writer.write(doc, name)
    return target.getvalue(), writer.counts


def read(text: str) -> List[Sentence]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.conllu"
        path.write_text(text, encoding="utf8", newline="")
        return list(read_conllu(path))


def rows(text: str) -> List[List[str]]:
    return [line.split("\t") for line in text.split("\n") if line and line[0] != "#"]


def content(docs: Sequence[Doc]) -> List[List[Any]]:
    """All that a treebank says, sentence by sentence."""
    return [
        [
            [
                *(token.text, token.i + 1 < sent.end and token.whitespace_, token.pos_, token.tag_, token.lemma_),
                *(str(token.morph), token.has_morph(), token.head.i - sent.start, token.dep_),
                *(token.ent_iob_, token.ent_type_),
            ]
            for token in sent
        ]
        for doc in docs
        for sent in doc.sents
    ]


@st.composite
def trees(draw: st.DrawFn, size: int) -> List[int]:
    """Heads of a tree, any that is possible."""
    order = draw(st.permutations(range(size)))
    heads = [0] * size
    for place, node in enumerate(order):
        heads[node] = order[draw(st.integers(0, place - 1))] if place else node
    return heads


@st.composite
def annotated_docs(draw: st.DrawFn) -> Doc:
    """Several sentences with full annotation, without whitespace tokens."""
    words: List[str] = []
    heads: List[int] = []
    starts: List[int] = []
    for sentence in draw(st.lists(st.lists(FIELDS, min_size=1, max_size=5), min_size=1, max_size=3)):
        starts.append(len(words))
        heads += [len(words) + head for head in draw(trees(len(sentence)))]
        words += sentence
    n = len(words)

    def each(values: st.SearchStrategy) -> List[Any]:
        return draw(st.lists(values, min_size=n, max_size=n))

    relations = each(st.sampled_from(["nsubj", "acl:relcl", "dep"]))
    feats = each(st.sampled_from(["", "Case=Nom", "Case=Nom|Number[psor]=Plur", "abbr=Yes|Case=Acc,Nom"]))
    letters = each(st.sampled_from(["O", "B-PER", "B-B-1|x", "I"]))
    entities: List[str] = []
    for i, tag in enumerate(letters):
        before = entities[-1][2:] if i and i not in starts else ""
        entities.append(f"I-{before}" if tag == "I" and before else "O" if tag == "I" else tag.replace("|x", ""))
    return Doc(
        VOCAB,
        words=words,
        ents=entities if draw(st.booleans()) else None,
        spaces=[*each(st.booleans())[:-1], False],
        pos=each(st.sampled_from(["NOUN", "VERB", "X"])),
        tags=each(FIELDS),
        lemmas=each(FIELDS),
        morphs=["Case=Nom", *feats[1:]],
        heads=heads,
        deps=["ROOT" if head == i else relation for i, (head, relation) in enumerate(zip(heads, relations))],
    )


@given(st.lists(annotated_docs(), min_size=1, max_size=2))
def test_converted_again_it_is_the_same(docs: List[Doc]) -> None:
    text, counts = written(*docs)
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "source", Path(folder) / "corpus"
        source.mkdir()
        for split in ("train", "dev", "test"):
            (source / f"xx_any-ud-{split}.conllu").write_text(text, encoding="utf8", newline="")
        stats = convert_treebank(source, output, "xx").splits["test"]
        for name in ("test", "test-words"):
            assert content(list(DocBin().from_disk(output / f"{name}.spacy").get_docs(VOCAB))) == content(docs)
    assert stats.text_mismatches == 0
    assert counts == ConlluCounts(len(docs), stats.sentences, stats.words, without_tree=0)


@given(annotated_docs(), st.data())
def test_whitespace_tokens(doc: Doc, data: st.DataObject) -> None:
    """Put between the words, anywhere in the trees or trees of their own, they change nothing but MISC, where they can
    be read."""
    words: List[str] = []
    spaces: List[bool] = []
    places = {}
    for token in doc:
        for blank in data.draw(st.lists(BLANKS, max_size=2)):
            words, spaces = [*words, blank], [*spaces, data.draw(st.booleans())]
        places[token.i] = len(words)
        words, spaces = [*words, token.text], [*spaces, bool(token.whitespace_)]
    for blank in data.draw(st.lists(BLANKS, max_size=2)):
        words, spaces = [*words, blank], [*spaces, data.draw(st.booleans())]
    heads, deps = list(range(len(words))), ["ROOT"] * len(words)
    for token in doc:
        heads[places[token.i]], deps[places[token.i]] = places[token.head.i], token.dep_
    for sent in doc.sents:
        # Blanks between two words of a sentence hang on any word of it, and words on them instead of their heads.
        for i in set(range(places[sent.start], places[sent.end - 1])) - set(places.values()):
            word = data.draw(st.sampled_from(list(sent)))
            if data.draw(st.booleans()):
                heads[i], deps[i] = places[word.i], "dep"
                for child in word.children:
                    if data.draw(st.booleans()):
                        heads[places[child.i]] = i
    spaced = Doc(VOCAB, words=words, spaces=spaces, heads=heads, deps=deps)
    found, expected = rows(written(spaced)[0]), rows(written(doc)[0])
    for row, right in zip(found, expected, strict=True):
        assert [row[i] for i in (0, 1, 6, 7)] == [right[i] for i in (0, 1, 6, 7)]
    assert "".join(map(spoken, found)) == spaced.text + ("" if spaced.text[-1].isspace() else " ")


def spoken(row: List[str]) -> str:
    """The text of a row with the whitespace around it."""
    misc = dict(field.split("=", 1) for field in row[9].split("|")) if row[9] != "_" else {}
    after = "" if "SpaceAfter" in misc else misc.get("SpacesAfter", r"\s")
    before = misc.get("SpacesBefore", "")
    for escape, blank in ((r"\s", " "), (r"\t", "\t"), (r"\n", "\n"), (r"\r", "\r")):
        before, after = before.replace(escape, blank), after.replace(escape, blank)
    return before + row[1] + after


def test_whole_document() -> None:
    words = ["\n", "Ela", "voltou", " ", "à", "casa", ".", "  ", "Sim", "!"]
    doc = Doc(
        VOCAB,
        words=words,
        spaces=[False, True, True, False, True, False, True, False, False, False],
        pos=["SPACE", "PRON", "VERB", "SPACE", "ADP", "NOUN", "PUNCT", "SPACE", "INTJ", "PUNCT"],
        tags=["_SP", "P", "V", "_SP", "P_D", "N", ".", "_SP", "I", "."],
        lemmas=["", "ela", "voltar", "", "a o", "casa", ".", "", "sim", "!"],
        morphs=["", "Number=Sing|Gender=Fem", "", "", "Definite=Def", "", "", "", "", ""],
        heads=[2, 2, 2, 2, 5, 2, 2, 6, 8, 8],
        deps=["dep", "nsubj", "ROOT", "dep", "case", "obl", "punct", "dep", "ROOT", "punct"],
    )
    rule = "\n".join(
        [
            "# newdoc id = a b",
            "# sent_id = 1",
            "# text = Ela voltou à casa.",
            "1|Ela|ela|PRON|P|Gender=Fem/Number=Sing|2|nsubj|_|SpacesBefore=\\n",
            "2|voltou|voltar|VERB|V|_|0|root|_|SpacesAfter=\\s\\s",
            "3|à|a o|ADP|P_D|Definite=Def|4|case|_|_",
            "4|casa|casa|NOUN|N|_|2|obl|_|SpaceAfter=No",
            "5|.|.|PUNCT|.|_|2|punct|_|SpacesAfter=\\s\\s\\s",
            "",
            "# sent_id = 2",
            "# text = Sim!",
            "1|Sim|sim|INTJ|I|_|0|root|_|SpaceAfter=No",
            "2|!|!|PUNCT|.|_|1|punct|_|_",
            "",
            "",
        ]
    )
    text, counts = written(doc, name=" a\n b")
    assert text == rule.replace("|", "\t").replace("/", "|")
    assert counts == ConlluCounts(docs=1, sentences=2, words=7)


@pytest.mark.parametrize("words", [[], ["\n"], [" ", "\t\t"]])
def test_nothing_to_write(words: List[str]) -> None:
    assert written(Doc(VOCAB, words=words)) == ("", ConlluCounts(docs=1))


def test_missing_annotation() -> None:
    doc = Doc(VOCAB, words=["a", "b", "c"], spaces=[True, False, True])
    plain = [
        [str(i), form, *["_"] * 7, misc] for i, form, misc in ((1, "a", "_"), (2, "b", "SpaceAfter=No"), (3, "c", "_"))
    ]
    text, counts = written(doc)
    assert rows(text) == plain and counts.without_tree == counts.sentences == 1
    assert "# newdoc\n" in text
    (found,) = read(text)
    assert surface_text(found)[0] == found.text == "a bc"
    flat = rows(written(doc, flat_trees=True)[0])
    assert [row[6:8] for row in flat] == [["0", "root"], ["1", "dep"], ["1", "dep"]]
    assert [row[:6] + row[8:] for row in flat] == [row[:6] + row[8:] for row in plain]


def test_what_would_end_a_field() -> None:
    doc = Doc(VOCAB, words=["a\tb", "_"], tags=["x\ny", "_"], lemmas=["\r", "_"], heads=[1, 1], deps=["a\tb", "ROOT"])
    text, _ = written(doc)
    assert [row[1:3] + row[4:5] + row[7:8] for row in rows(text)] == [
        ["a b", " ", "x y", "a b"],
        ["_", "_", "_", "root"],
    ]
    assert [word.form for word in read(text)[0].words] == ["a b", "_"]


def test_sentences() -> None:
    """Those of the document, which may begin with whitespace; without any, there is one."""
    doc = Doc(VOCAB, words=["a", " ", "b", "c"], sent_starts=[True, True, False, True])
    assert [len(sentence.words) for sentence in read(written(doc)[0])] == [1, 1, 1]
    doc = Doc(VOCAB, words=["a", " ", "b", "c"])
    assert [len(sentence.words) for sentence in read(written(doc)[0])] == [3]


def test_whitespace_as_the_root() -> None:
    """The first word that hangs on it takes its place."""
    doc = Doc(VOCAB, words=["a", " ", "b", "c"], heads=[3, 1, 1, 1], deps=["det", "ROOT", "obj", "obj"])
    assert [row[6:8] for row in rows(written(doc)[0])] == [["3", "det"], ["0", "root"], ["2", "obj"]]
    doc = Doc(VOCAB, words=["a", " ", "b", "\n"], heads=[1, 3, 3, 1], deps=["x"] * 4)
    assert [row[6:8] for row in rows(written(doc)[0])] == [["0", "root"], ["1", "x"]]


@pytest.mark.parametrize(
    ("words", "heads", "deps"),
    [
        (["a", "b"], [1, 0], ["x", "y"]),  # a cycle
        (["a", "b"], [0, 0], ["ROOT", ""]),  # a word without a head
        (["a", "b", "c", "d"], [0, 1, 0, 1], ["ROOT", "ROOT", "x", "y"]),  # a head in another sentence
    ],
)
def test_no_tree(words: List[str], heads: List[int], deps: List[str]) -> None:
    doc = Doc(VOCAB, words=words, heads=heads, deps=deps)
    text, counts = written(doc)
    assert counts.without_tree > 0
    assert counts.words == len(words) == sum(len(one.words) for one in read(text))


def test_trees_by_brute_force() -> None:
    """Against walking up from each node."""
    for n in range(1, 5):
        for heads in product(range(n), repeat=n):
            tops = []
            for node in range(n):
                for _ in range(n):
                    node = heads[node]
                tops.append(node)
            expected = len(set(tops)) == 1 and heads[tops[0]] == tops[0]
            assert is_tree(heads) == expected
            doc = Doc(VOCAB, words=["a"] * n, heads=list(heads), deps=["x"] * n)
            assert heads_within(list(doc)) == (list(heads) if expected else None)
