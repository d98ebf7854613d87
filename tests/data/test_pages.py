"""The running text of web pages."""

import re
from pathlib import Path
from typing import List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.data.raw_text.pages import PageReader, find_pages, read_page, read_pages
from spacy_rnn.errors import CorpusError

PAGE = """<!DOCTYPE html><html><head><title>A title of four words</title>
<script>var a = "not this text at all";</script>
<style>p { margin: 0 } /* nor this one either */</style><body>
<nav><ul><li>Go back to the start</li></ul></nav>
<h1>How to open a document</h1>
<p>Choose <em>File &ndash; Open</em>, or press<br>the keys at once.<p>This paragraph is not closed
<ul><li>The first of two items<li>The second of two items</ul>
<p>too short</p>
<pre>for i in range(10): print(i)</pre>
<p>Its name is <code>open the file now</code> in the end.</p>
loose text outside of any paragraph
</body></html>
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    pages = {
        "sub/b.xhtml": "<p>Ünlü kişiler burada oturuyor</p><p>The same in both files</p>",
        "a.HTML": "<p>The same in both files</p><p>Only in the first file</p>",
        "c.txt": "<p>This is no page at all</p>",
    }
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf8")
    return tmp_path


def test_paragraphs(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf8")
    assert read_page(tmp_path / "page.html") == [
        "How to open a document",
        "Choose File – Open, or press the keys at once.",
        "This paragraph is not closed",
        "The first of two items",
        "The second of two items",
        "Its name is in the end.",
        "loose text outside of any paragraph",
    ]


def test_each_paragraph_once(folder: Path) -> None:
    first, second = "The same in both files", "Only in the first file"
    assert list(read_pages(folder)) == [first, second, "Ünlü kişiler burada oturuyor"]
    other = folder / "sub"
    assert list(read_pages(folder, untranslated=other)) == [second]


def test_folder_without_pages(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"\[D230\] .*\.html, \.htm, \.xhtml"):
        find_pages(tmp_path)
    with pytest.raises(CorpusError, match=r"\[D012\]"):
        find_pages(tmp_path / "none")


@given(st.lists(st.text(alphabet="ab <>&;/é\n", max_size=20), max_size=5))
def test_any_text_comes_back(texts: List[str]) -> None:
    """What is escaped and stands between tags is read as it was written, but for blanks."""
    escaped = (re.sub("[&<>]", lambda m: f"&#{ord(m[0])};", text) for text in texts)
    reader = PageReader()
    reader.feed("".join(f"<p>{text}</p>" for text in escaped))
    reader.close()
    expected = (" ".join(text.split()) for text in texts)
    assert reader.paragraphs == [text for text in expected if text.count(" ") >= 3]
