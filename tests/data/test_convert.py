"""Conversion keeps the text, the words and the trees."""

import gzip
import json
import tempfile
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spacy_rnn.data.conllu import MultiwordToken, Sentence, read_conllu
from spacy_rnn.data.convert import convert_treebank, read_stats
from spacy_rnn.data.language import blank_pipeline
from spacy_rnn.data.merge import cut_form, surface_text, text_tokens
from spacy_rnn.errors import CorpusError

from .treebank import SENTENCE, row, sentence, write_splits


def docs_of(folder: Path, name: str) -> List[Doc]:
    return list(DocBin().from_disk(folder / f"{name}.spacy").get_docs(spacy.blank("xx").vocab))


def convert(tmp_path: Path, text: str = SENTENCE, prefix: str = "pt_test", **others: str) -> Path:
    convert_treebank(write_splits(tmp_path / "source", text, prefix, **others), tmp_path / "corpus")
    return tmp_path / "corpus"


def test_multiword_token_that_the_tokenizer_leaves_whole(tmp_path: Path) -> None:
    folder = convert(tmp_path)
    (doc,) = docs_of(folder, "train")
    assert doc.text == "Vi a casa da avó."
    merged = doc[3]
    assert (merged.text, merged.pos_, merged.tag_, merged.lemma_) == ("da", "ADP", "P_D", "de o")
    assert (str(merged.morph), merged.dep_, merged.head.text) == ("Definite=Def", "case", "avó")
    assert [token.head.i for token in doc] == [0, 2, 0, 4, 2, 0]
    (words,) = docs_of(folder, "train-words")
    assert [token.text for token in words] == ["Vi", "a", "casa", "de", "a", "avó", "."]
    assert words[0].dep_ == "ROOT"


def test_multiword_token_that_the_tokenizer_splits(tmp_path: Path) -> None:
    rows = [row("1-2", "don't"), row(1, "do", 3, upos="AUX"), row(2, "n't", 1, upos="PART"), row(3, "go", 0)]
    folder = convert(tmp_path, sentence(rows, "don't go"), "en_test")
    (doc,) = docs_of(folder, "train")
    assert [token.text for token in doc] == ["do", "n't", "go"]
    assert doc.text == "don't go"
    stats = read_stats(folder).splits["train"]
    assert (stats.multiword_merged, stats.multiword_split, stats.words, stats.tokens) == (0, 1, 3, 3)


@pytest.mark.parametrize(
    ("whole", "forms", "pieces", "expected"),
    [
        ("da", ["de", "a"], {0: "da"}, None),
        ("cannot", ["can", "not"], {0: "can", 3: "not"}, ["can", "not"]),
        ("cannot", ["can", "not"], {0: "ca", 2: "nnot"}, ["can", "not"]),
        ("fazê-lo", ["fazer", "lo"], {0: "fazê", 4: "-lo"}, ["fazê", "-lo"]),
        ("vámonos", ["vamos", "nos"], {0: "v", 1: "á", 2: "monos"}, ["vámo", "nos"]),
        ("x", ["de", "a"], {}, None),
        ("abc", ["q", "r", "s"], {}, ["a", "b", "c"]),
    ],
)
def test_cutting_a_multiword_token(
    whole: str, forms: List[str], pieces: Dict[int, str], expected: Optional[List[str]]
) -> None:
    assert cut_form(MultiwordToken(whole, 0, len(forms), True), forms, 0, pieces) == expected


def test_missing_annotation(tmp_path: Path) -> None:
    bare = sentence([row(1, "a"), row(2, "b")])
    (doc,) = docs_of(convert(tmp_path, bare), "train")
    for attr in ("POS", "TAG", "MORPH", "LEMMA", "DEP"):
        assert not doc.has_annotation(attr), attr
    assert doc.has_annotation("SENT_START")
    assert read_stats(tmp_path / "corpus").attrs == []


def test_no_features_is_an_analysis_where_features_are_annotated(tmp_path: Path) -> None:
    folder = convert(tmp_path, dev=sentence([row(1, "a", 0, upos="X")]))
    (doc,) = docs_of(folder, "dev")
    assert doc[0].has_morph()
    assert str(doc[0].morph) == ""
    assert not doc.has_annotation("TAG")


def test_text_decides_about_spaces_where_no_marks_are(tmp_path: Path) -> None:
    rows = [row(1, "Sim", 0), row(2, ",", 1), row(3, "Fm.", 1), row(4, ".", 1)]
    (doc,) = docs_of(convert(tmp_path, sentence(rows, "Sim, Fm..")), "train")
    assert doc.text == "Sim, Fm.."
    # The text lacks the last full stop: up to there it still decides.
    (doc,) = docs_of(convert(tmp_path, sentence(rows, "Sim, Fm.")), "train")
    assert doc.text == "Sim, Fm. ."
    assert read_stats(tmp_path / "corpus").splits["train"].text_mismatches == 1


@pytest.mark.parametrize(
    ("prefix", "lang", "n_messages"),
    [
        ("pt_x", "pt", 0),
        ("mul_sample", "xx", 0),
        ("qtd_sagt", "xx", 1),
        ("no_nynorsk", "nn", 0),
        ("ko_gsd", "ko", None),
    ],
)
def test_language(tmp_path: Path, prefix: str, lang: str, n_messages: Optional[int]) -> None:
    stats = convert_treebank(write_splits(tmp_path / "source", prefix=prefix), tmp_path / "corpus")
    assert stats.lang == lang
    assert n_messages is None or len(stats.messages) == n_messages
    assert read_stats(tmp_path / "corpus") == stats
    assert convert_treebank(tmp_path / "source", tmp_path / "corpus", "en").lang == "en"


@pytest.mark.parametrize("lang", ["ko", "vi", "ja", "th", "pt", "xx"])
def test_blank_pipeline_tokenizes_after_a_round_trip(lang: str) -> None:
    nlp = blank_pipeline(lang)
    assert nlp.lang == lang
    again = spacy.blank(lang, config={"nlp": {"tokenizer": nlp.config["nlp"]["tokenizer"]}})
    assert [token.text for token in again("a b.")] == [token.text for token in nlp("a b.")]


def test_broken_file_leaves_what_was_there(tmp_path: Path) -> None:
    folder = convert(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CorpusError, match="D010"):
        convert(tmp_path, test=sentence([row(1, "a", 0), row(2, "b", 0)]))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "source"]
    assert "stats.json" in before
    assert json.loads(before["stats.json"])["lang"] == "pt"


def test_sentences_some_of_whose_words_have_heads(tmp_path: Path) -> None:
    """They alone are left without heads, which is counted and said."""
    partial = sentence([row(1, "a", 0), row(2, "b", upos="X")])
    stats = convert_treebank(
        write_splits(tmp_path / "source", train=f"{SENTENCE}\n{partial}", dev=partial), tmp_path / "corpus"
    )
    found = docs_of(tmp_path / "corpus", "train-words")
    assert [doc.has_annotation("DEP") for doc in found] == [True, False]
    assert found[1][1].pos_ == "X" and found[1].has_annotation("SENT_START")
    assert [split.heads_left_out for split in stats.splits.values()] == [1, 1, 0]
    assert [message.partition(":")[0] for message in stats.messages] == ["train", "dev"]
    assert f"train.conllu:{SENTENCE.count(chr(10)) + 3})" in stats.messages[0]
    with pytest.raises(CorpusError, match=r"D009.*pt_test-ud-train\.conllu:2: the head _"):
        convert(tmp_path, partial)


def test_heads_without_relations_are_kept(tmp_path: Path) -> None:
    rows = [row(1, "a", 2, deprel="_"), row(2, "b", 0, deprel="_")]
    (doc,) = docs_of(convert(tmp_path, sentence(rows)), "train")
    assert [(token.head.i, token.dep_) for token in doc] == [(1, "dep"), (1, "ROOT")]
    assert len(list(doc.sents)) == 1


@pytest.mark.parametrize(
    ("text", "forms", "expected"),
    [
        ("uno\u200b dos tres", ["uno", "dos", "tres"], "uno dos tres"),
        ("❤\ufe0f x\u2060.", ["❤", "x", "."], "❤ x."),
        ("mi\u200cravam x", ["mi", "\u200cravam", "x"], "mi\u200cravam x"),
        ("a  b", ["a", " ", "b"], "a  b"),
        ("a\u3000b", ["a", "b"], "a b"),
        ("ab typo d", ["a", "b", "c", "d"], "ab c d"),
    ],
)
def test_what_cannot_be_seen_joins_no_words(tmp_path: Path, text: str, forms: List[str], expected: str) -> None:
    rows = [row(i, form, i - 1) for i, form in enumerate(forms, start=1)]
    (doc,) = docs_of(convert(tmp_path, sentence(rows, text)), "train-words")
    assert doc.text == expected and [token.text for token in doc] == forms


def test_splits_in_several_files(tmp_path: Path) -> None:
    """They are read in their order, compressed or not; those of another treebank are no parts."""
    source = write_splits(tmp_path / "source")
    (source / "pt_test-ud-train.conllu").unlink()
    for name in "cab":
        text = sentence([row(1, name, 0)]) + "\n"
        path = source / f"pt_test-ud-train-{name}.conllu{'.gz' * (name == 'b')}"
        path.write_bytes(gzip.compress(text.encode()) if name == "b" else text.encode())
    (source / "._pt_test-ud-train-d.conllu").write_bytes(b"\0\xff")
    convert_treebank(source, tmp_path / "corpus")
    assert [doc.text for doc in docs_of(tmp_path / "corpus", "train")] == ["a", "b", "c"]
    write_splits(source, prefix="en_other")
    with pytest.raises(CorpusError, match="D013.*train.*: en_other, pt_test"):
        convert_treebank(source, tmp_path / "corpus")


def test_missing_split_and_folder(tmp_path: Path) -> None:
    source = write_splits(tmp_path / "source")
    next(source.glob("*-dev.*")).unlink()
    with pytest.raises(CorpusError, match=r"D013.*\*-ud-dev\.conllu"):
        convert_treebank(source, tmp_path / "corpus")
    with pytest.raises(CorpusError, match="D012"):
        convert_treebank(tmp_path / "nowhere", tmp_path / "corpus")


FORMS = st.text(alphabet="abéда한.-'1", min_size=1, max_size=5)


@st.composite
def sentences(draw: st.DrawFn) -> Tuple[str, List[str]]:
    """CoNLL-U of a random tree with random multiword tokens, empty nodes and spaces, and its annotated words."""
    words = draw(st.lists(FORMS, min_size=1, max_size=9))
    order = draw(st.permutations(range(1, len(words) + 1)))
    heads = {word: order[draw(st.integers(0, place - 1))] if place else 0 for place, word in enumerate(order)}
    rows: List[str] = []
    texts: List[str] = []
    i = 1
    while i <= len(words):
        size = min(draw(st.sampled_from([1, 1, 1, 2, 3])), len(words) - i + 1)
        misc = draw(st.sampled_from(["_", "SpaceAfter=No"]))
        form = words[i - 1]
        if size > 1:
            form = draw(st.one_of(st.just("".join(words[i - 1 : i - 1 + size])), FORMS))
            rows.append(row(f"{i}-{i + size - 1}", form, misc=misc))
        for j in range(i, i + size):
            feats = draw(st.sampled_from(["_", "A=B", "A=C,D|E=F"]))
            rows.append(row(j, words[j - 1], heads[j], upos="X", feats=feats, misc=misc if size == 1 else "_"))
            if draw(st.booleans()):
                rows.append(row(f"{j}.1", "empty"))
        texts.append(form + ("" if misc == "SpaceAfter=No" else " "))
        i += size
    return sentence(rows, "".join(texts).strip()), words


def parse(text: str) -> Sentence:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.conllu"
        path.write_text(text, encoding="utf8")
        return next(iter(read_conllu(path)))


@given(sentences(), st.sampled_from(["xx", "pt", "en"]))
def test_any_sentence_keeps_text_words_and_tree(drawn: Tuple[str, List[str]], lang: str) -> None:
    text, words = drawn
    found = parse(text)
    nlp = blank_pipeline(lang)
    assert [word.form for word in found.words] == words
    assert surface_text(found)[0] == found.text
    tokens, index = text_tokens(found, surface_text(found)[1], nlp.make_doc(found.text or ""))
    doc = Doc(
        nlp.vocab,
        words=[token.form for token in tokens],
        spaces=[token.space_after for token in tokens],
        heads=[token.head or 0 for token in tokens],
        deps=["dep"] * len(tokens),
    )
    assert doc.text == found.text
    # Each token leads up to the one root: the merged tree is a tree.
    roots = [token for token in doc if token.head == token]
    assert len(roots) == 1
    assert sum(1 for _ in roots[0].subtree) == len(doc)
    assert len(tokens) == len(words) - sum(
        token.end - token.start - 1 for token in found.multiword_tokens if is_merged(found, token, tokens)
    )
    assert index == sorted(index) and set(index) == set(range(len(tokens))) and len(index) == len(words)
    # spaCy can align what its tokenizer makes of the text with the tokens.
    Example(nlp.make_doc(doc.text), doc).get_aligned("ORTH")


def is_merged(found: Sentence, token: MultiwordToken, tokens: List) -> bool:
    """Whether a token stands for the whole multiword token, judged by where the text puts it."""
    units, spaces = found.surface(), surface_text(found)[1]
    start = sum(len(unit.form) + space for unit, space in zip(units[: units.index(token)], spaces, strict=False))
    at = 0
    for made in tokens:
        if at == start:
            return bool(made.form == token.form)
        at += len(made.form) + made.space_after
    return False
