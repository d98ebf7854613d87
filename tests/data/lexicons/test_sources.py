"""Every format of dictionaries gives the entries that it was made of."""

import gzip
import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.strings import get_string_id
from spacy.tokens import Doc, DocBin

from spacy_rnn.base.lexicon import Lexicon
from spacy_rnn.data.lexicons import fetch
from spacy_rnn.data.lexicons.forms import corpus_forms
from spacy_rnn.data.lexicons.sources import build_lexicon
from spacy_rnn.errors import CorpusError

from ..vectors.wheels import write_files
from .dictionaries import ENTRIES, pymorphy_files, write_pymorphy

Entries = Dict[str, List[Tuple[str, str]]]

columns = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n"), min_size=1, max_size=4)
NOUNS: Entries = {"cats": [("cat", "NOUN|Number=Plur")], "cat": [("cat", "NOUN")]}


def read(lexicon: Lexicon, forms: Any) -> Dict[str, Set[Tuple[str, str]]]:
    found = lexicon.find(np.array(list(map(get_string_id, forms)), dtype=np.uint64)).tolist()
    return {form: {(one.lemma, one.tag) for one in lexicon.read(form, number)} for form, number in zip(forms, found)}


def as_sets(entries: Entries) -> Dict[str, Set[Tuple[str, str]]]:
    return {form: set(analyses) for form, analyses in entries.items()}


def check(lexicon: Lexicon, entries: Entries) -> None:
    assert len(lexicon) == len(entries)
    assert read(lexicon, entries) == as_sets(entries)


@given(entries=st.dictionaries(columns, st.lists(st.tuples(columns, columns), min_size=1), min_size=1))
def test_columns(entries: Entries, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("columns") / "entries.tsv.gz"
    lines = ["\t".join([form, *one, "more"]) for form, analyses in entries.items() for one in analyses]
    path.write_bytes(gzip.compress("\n".join(["", *lines]).encode()))
    check(build_lexicon(path), entries)


def test_columns_without_tags(tmp_path: Path) -> None:
    (tmp_path / "entries.tsv").write_text("cats\tcat\ncat\tcat\t\n", encoding="utf8")
    check(build_lexicon(tmp_path / "entries.tsv"), {"cats": [("cat", "")], "cat": [("cat", "")]})


@pytest.mark.parametrize("line", ["cats", "cats\t", "\tcat\tNOUN"])
def test_wrong_columns(tmp_path: Path, line: str) -> None:
    (tmp_path / "entries.tsv").write_text(f"a\tb\tc\n{line}\n", encoding="utf8")
    with pytest.raises(CorpusError, match=r"D104.*entries\.tsv:2"):
        build_lexicon(tmp_path / "entries.tsv")


def test_tables_of_lemmas(tmp_path: Path) -> None:
    table = {"cats": "cat", "saw": ["see", "saw"]}
    (tmp_path / "xx_lemma_lookup.json.gz").write_bytes(gzip.compress(json.dumps(table).encode()))
    expected = {"cats": [("cat", "")], "saw": [("see", ""), ("saw", "")]}
    check(build_lexicon(tmp_path / "xx_lemma_lookup.json.gz"), expected)


@pytest.mark.parametrize("content", ["", "[]", '{"a": 1}', '{"a": [1]}', '{"a": "\\ud800"}', "[" * 100_000])
def test_wrong_tables(tmp_path: Path, content: str) -> None:
    (tmp_path / "table.json").write_text(content, encoding="utf8")
    with pytest.raises(CorpusError, match=r"D264.*table\.json"):
        build_lexicon(tmp_path / "table.json")


def test_pymorphy(tmp_path: Path) -> None:
    """In a folder, and in an archive."""
    check(build_lexicon(write_pymorphy(tmp_path / "data")), ENTRIES)
    write_files(tmp_path / "dicts-1.0.whl", {f"dicts/data/{name}": file for name, file in pymorphy_files().items()})
    check(build_lexicon(tmp_path / "dicts-1.0.whl"), ENTRIES)


def test_other_archives(tmp_path: Path) -> None:
    write_files(tmp_path / "a.whl", {"a/b": b""})
    (tmp_path / "b.whl").write_bytes(b"junk")
    for name in ("a.whl", "b.whl", "."):
        with pytest.raises(CorpusError, match="D263"):
            build_lexicon(tmp_path / name)


def test_damaged_pymorphy(tmp_path: Path) -> None:
    folder = write_pymorphy(tmp_path / "data")
    meta = (folder / "meta.json").read_text(encoding="utf8")
    (folder / "meta.json").write_text(meta.replace("2.4", "9.9"), encoding="utf8")
    with pytest.raises(CorpusError, match="D265.*9.9"):
        build_lexicon(folder)
    (folder / "meta.json").write_text(meta, encoding="utf8")
    (folder / "words.dawg").write_bytes((folder / "words.dawg").read_bytes()[:-9])
    with pytest.raises(CorpusError, match="D265"):
        build_lexicon(folder)


def test_pymorphy_needs_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dawg_python", None)
    with pytest.raises(CorpusError, match=r"D260.*spacy-rnn\[lexicon\]"):
        build_lexicon(write_pymorphy(tmp_path / "data"))


def test_forms_of_a_corpus(tmp_path: Path) -> None:
    """As they are written, in lower case and without punctuation; of a file, and of a folder."""
    (tmp_path / "entries.tsv").write_text("Cats\tcat\ncats\tcat\ncat\tcat\ndog\tdog\nMat\tmat\n", encoding="utf8")
    vocab = spacy.blank("xx").vocab
    for split, words in (("train", ["Cats", "#Cat"]), ("dev", []), ("test", ["mat"])):
        DocBin(docs=[Doc(vocab, words=words)]).to_disk(tmp_path / f"{split}.spacy")
    kept = build_lexicon(tmp_path / "entries.tsv", forms=corpus_forms(tmp_path / "train.spacy"))
    assert {form for form, own in read(kept, ["Cats", "cats", "cat", "dog", "Mat"]).items() if own} == {
        "Cats", "cats", "cat",
    }  # fmt: skip
    assert get_string_id("mat") in corpus_forms(tmp_path)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its registry, with tiny packages under the names of the real ones."""
    folder = tmp_path / "index"
    folder.mkdir()
    russian = {f"pymorphy3_dicts_ru/data/{name}": file for name, file in pymorphy_files().items()}
    english = {"spacy_lookups_data/data/en_lemma_lookup.json.gz": gzip.compress(b'{"cats": "cat"}')}
    for name, version, files in (
        ("pymorphy3_dicts_ru", "2.4.417150.4580142", russian),
        ("spacy_lookups_data", "1.0.5", english),
    ):
        found = write_files(folder / f"{name}-{version}-py3-none-any.whl", files, version)
        attr = "PYMORPHY" if russian is files else "LOOKUPS"
        monkeypatch.setattr(fetch, attr, replace(getattr(fetch, attr), sha256=found))
    monkeypatch.setitem(fetch.LEXICONS, "ru", fetch.PYMORPHY)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_fetched(index: Path) -> None:
    check(fetch.fetch_lexicon("ru"), ENTRIES)
    check(fetch.fetch_lexicon("en"), {"cats": [("cat", "")]})


def test_read_from_an_archive(index: Path, tmp_path: Path) -> None:
    (lookups,), (dicts,) = index.glob("spacy*"), index.glob("pymorphy*")
    check(fetch.fetch_lexicon("en", local=lookups), {"cats": [("cat", "")]})
    check(fetch.fetch_lexicon("uk", local=dicts), ENTRIES)
    with pytest.raises(CorpusError, match="D016.*de_lemma"):
        fetch.fetch_lexicon("de", local=lookups)
    with pytest.raises(CorpusError, match="D108"):
        fetch.fetch_lexicon("ru", local=tmp_path)


def test_altered_archives_are_refused(index: Path) -> None:
    (archive,) = index.glob("spacy*")
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr("more", b"")
    with pytest.raises(CorpusError, match="D015.*spacy"):
        fetch.fetch_lexicon("en")
