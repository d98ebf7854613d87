"""Dictionaries: what was added is found, whatever the order, and what is damaged is refused."""

from collections import Counter
from copy import deepcopy
from typing import Any, Dict, List, Set, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save
from spacy.strings import get_string_id

from spacy_rnn.base import lexicon_builder
from spacy_rnn.base.lexicon import Analysis, LemmaRule, Lexicon, tag_parts
from spacy_rnn.base.lexicon_builder import LexiconBuilder
from spacy_rnn.errors import CorpusError, ModelFileError

Entry = Tuple[str, str, str]

texts = st.text(max_size=6)
forms = st.text(min_size=1, max_size=4) | st.sampled_from(["NOUN", "dep", "straße", "\0", "İ", "\u0301", "👩‍👩‍👧"])
entries = st.lists(st.tuples(forms, texts, texts), min_size=1, max_size=12)


def build(rows: List[Entry]) -> Lexicon:
    builder = LexiconBuilder()
    for form, lemma, tag in rows:
        builder.add(form, [Analysis(lemma, tag)])
    return builder.build()


def read(lexicon: Lexicon, form: str) -> List[Analysis]:
    (number,) = lexicon.find(keys([form])).tolist()
    return lexicon.read(form, number)


def keys(words: List[str]) -> Any:
    return np.array(list(map(get_string_id, words)), dtype=np.uint64)


@given(rows=entries, others=st.lists(forms, max_size=5))
def test_finds_what_a_dict_finds(rows: List[Entry], others: List[str]) -> None:
    expected: Dict[str, Set[Entry]] = {}
    for row in rows:
        expected.setdefault(row[0], set()).add(row)
    lexicon = Lexicon.from_bytes(build(rows).to_bytes())
    assert len(lexicon) == len(expected)
    for form in [*expected, *others]:
        found = read(lexicon, form)
        assert len(found) == len(set(found))
        assert {(form, *analysis) for analysis in found} == expected.get(form, set())


@given(rows=entries, random=st.randoms())
def test_the_order_of_the_entries_does_not_matter(rows: List[Entry], random: Any) -> None:
    shuffled = [*rows, rows[0]]
    random.shuffle(shuffled)
    assert build(shuffled).to_bytes() == build(rows).to_bytes()


@given(form=texts, lemma=texts)
def test_rules_make_the_lemma(form: str, lemma: str) -> None:
    assert LemmaRule.find(form, lemma).apply(form) == lemma


@pytest.mark.parametrize(
    ("form", "lemma", "rule"),
    [("cats", "cat", (0, 1, "")), ("gegangen", "gehen", (0, 6, "hen")), ("наибольший", "больший", (3, 0, ""))],
)
def test_rules_keep_most_of_the_form(form: str, lemma: str, rule: Tuple[int, int, str]) -> None:
    assert LemmaRule.find(form, lemma) == rule


def test_parts_of_tags() -> None:
    assert tag_parts("NOUN,anim,masc sing,nomn") == ["NOUN", "anim", "masc", "sing", "nomn"]
    assert tag_parts("VERB|Case=Nom,Acc|") == ["VERB", "Case=Nom", "Acc"]
    assert tag_parts("") == []


def test_classes_are_sets_of_tags() -> None:
    """Whatever the lemmas."""
    lexicon = build([("a", "x", "N"), ("b", "y", "N"), ("c", "c", "N"), ("c", "c", "V"), ("d", "c", "V")])
    first, second, both, other = lexicon.classes[lexicon.find(keys(["a", "b", "c", "d"]))].tolist()
    assert first == second and len({0, first, both, other}) == lexicon.n_classes == 4


def test_kept_forms() -> None:
    """The endings are those of all forms."""
    rows = [(f"{stem}ed", stem, "VERB") for stem in ("walk", "talk", "look")] + [("cat", "cat", "NOUN")]
    builder = LexiconBuilder({get_string_id("walked")})
    for form, lemma, tag in rows:
        builder.add(form, [Analysis(lemma, tag)])
    lexicon = builder.build()
    assert len(lexicon) == 1 and read(lexicon, "walked") and not read(lexicon, "talked") + read(lexicon, "cat")
    assert lexicon.tags == ["VERB"] and len(lexicon.analyses) == len(lexicon.rules) == 1
    assert guess(lexicon, "ed") == [("VERB",)]


def guess(lexicon: Lexicon, *endings: str) -> List[Tuple[str, ...]]:
    found = lexicon.find_endings(keys(list(endings))).tolist()
    return [tuple(lexicon.tags[tag] for tag in lexicon.set_tags(number)) for number in found]


@given(rows=st.lists(st.tuples(st.text("abc", min_size=1, max_size=8), st.sampled_from("NVX")), min_size=1))
def test_endings_are_counted(rows: List[Tuple[str, str]]) -> None:
    """An ending gets a set that no other set of the forms with it outnumbers; see a plain count."""
    lexicon = build([(form, form, tag) for form, tag in rows])
    tags: Dict[str, Set[str]] = {}
    for form, tag in rows:
        tags.setdefault(form, set()).add(tag)
    counts: Dict[str, Counter[Tuple[str, ...]]] = {}
    for form, own in tags.items():
        for n in range(1, min(5, len(form) - 1) + 1):
            counts.setdefault(form[-n:], Counter())[tuple(sorted(own))] += 1
    frequent = {ending: found for ending, found in counts.items() if sum(found.values()) >= 3}
    assert len(lexicon.endings) == len(frequent)
    for ending, found in frequent.items():
        assert found[guess(lexicon, ending)[0]] == max(found.values())


def test_nothing_and_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CorpusError, match=r"D261.*file\.tsv"):
        LexiconBuilder().build("file.tsv")
    monkeypatch.setattr(lexicon_builder, "MOST_SETS", 2)
    with pytest.raises(CorpusError, match="D262.*2 sets"):
        build([("a", "a", "N"), ("b", "b", "V")])


def test_copies_are_the_same() -> None:
    lexicon = build([("a", "b", "c")])
    assert deepcopy({"kept": lexicon})["kept"] is lexicon


@given(data=st.data())
def test_damage_is_noticed(data: st.DataObject) -> None:
    content = bytearray(build([("a", "b", "N"), ("a", "c", "V"), ("d", "d", "")]).to_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ModelFileError, match="R211"):
        Lexicon.from_bytes(bytes(content))


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("keys", np.array([5, 5]), "not in order"),
        ("keys", np.array([7, 5]), "not in order"),
        ("keys", np.array([5]), "not in order"),
        ("keys", np.array([[5], [6]]), "shape"),
        ("sets", np.array([1, 2], dtype=np.int32), "shape"),
        ("sets", np.array([1, 9], dtype=np.uint16), "no set 9"),
        ("sets", np.array([0, 1], dtype=np.uint16), "not in order"),
        ("endings", np.array([5]), "not in order"),
        ("ending_sets", np.array([9], dtype=np.int64), "shape"),
        ("starts", np.array([0, 0, 2, 1], dtype=np.int32), "not in order"),
        ("starts", np.array([0, 0, 1, 3], dtype=np.int32), "other sizes"),
        ("members", np.array([0, -1], dtype=np.int32), "no analysis"),
        ("analyses", np.array([[0, 0], [9, 0]], dtype=np.int32), "no tag 9"),
        ("analyses", np.array([[0, 0], [1, 9]], dtype=np.int32), "no rule 9"),
        ("analyses", np.array([0, 0], dtype=np.int32), "shape"),
        ("strings", np.frombuffer(b"[]", np.uint8), ""),
        ("strings", np.frombuffer(b'{"tags": ["N"], "rules": [1]}', np.uint8), ""),
        ("strings", np.frombuffer(b"[" * 100_000, np.uint8), ""),
    ],
)
def test_foreign_content_is_refused(name: str, value: Any, reason: str) -> None:
    """Even with the right checksum."""
    arrays = load(build([("a", "a", "N"), ("b", "bc", "V")]).to_bytes())
    made = object.__new__(Lexicon)
    arrays[name] = value
    made.keys, made.sets, made.starts = arrays["keys"], arrays["sets"], arrays["starts"]
    made.endings, made.ending_sets = arrays["endings"], arrays["ending_sets"]
    made.members, made.analyses, made._strings = arrays["members"], arrays["analyses"], arrays["strings"]
    with pytest.raises(ModelFileError, match=f"R211.*{reason}"):
        Lexicon.from_bytes(made.to_bytes())


@pytest.mark.parametrize("content", [b"", b"junk", save({"x": np.zeros(2)}), save({}, {"spacy-rnn": "{}"})])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"R211.*other\.file"):
        Lexicon.from_bytes(content, "other.file")


def test_newer_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spacy_rnn.base.lexicon.VERSION", 2)
    content = build([("a", "a", "N")]).to_bytes()
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match="R211.*newer"):
        Lexicon.from_bytes(content)
