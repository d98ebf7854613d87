"""`spacy_rnn.explain`: HTML of attention weights."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

import spacy_rnn

from ..pipeline.texts import TEXTS, trained_textcat

VOID = {"meta"}


class Tokens(HTMLParser):
    """The marked tokens and their opacities; raises where tags are not nested."""

    def __init__(self, html: str):
        super().__init__()
        self.open: List[str] = []
        self.found: List[Tuple[str, float]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: List[Tuple[str, Optional[str]]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag == "mark":
            alpha = re.search(r"rgba\(\d+, \d+, \d+, ([\d.]+)\)", dict(attrs)["style"] or "")
            assert alpha is not None
            self.found.append(("", float(alpha[1])))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "mark" in self.open:
            text, alpha = self.found[-1]
            self.found[-1] = (text + data, alpha)


def weighted(words: List[str], weights: List[float], lang: str = "en") -> Doc:
    doc = Doc(spacy.blank(lang).vocab, words=words)
    doc._.rnn_attention = np.array(weights, dtype=np.float32)
    return doc


def explain(*args: Any, **kwargs: Any) -> str:
    html = spacy_rnn.explain(*args, **kwargs)
    assert isinstance(html, str)
    return html


def test_colours_are_relative_to_the_highest_weight() -> None:
    doc = weighted(["<b>", "&", "plain"], [0.2, 0.5, 0.3])
    doc.cats = {"<i>": 0.25, "yes": 0.75}
    html = explain(doc)
    assert Tokens(html).found == [("<b>", 0.4), ("&", 1.0), ("plain", 0.6)]
    assert "<b>" not in html and "<i>" not in html
    assert html.index("yes") < html.index("&lt;i&gt;") and "75.0%" in html and "25.0%" in html
    assert 'title="50.00%"' in html


def test_of_a_trained_pipeline_to_a_file(tmp_path: Path) -> None:
    nlp = trained_textcat(steps=5, save_attention=True)
    docs = list(nlp.pipe([*TEXTS, ""]))
    path = tmp_path / "attention.html"
    html = explain(docs, path=path)
    with pytest.raises(ValueError, match=r"R034.*attention\.svg.*\.html"):
        explain(docs, path=tmp_path / "attention.svg")
    assert [text for text, _ in Tokens(html).found] == [token.text for doc in docs for token in doc]
    whole = path.read_text(encoding="utf8")
    assert whole.startswith("<!DOCTYPE html>") and html in whole
    assert Tokens(whole).found == Tokens(html).found
    assert explain(docs, page=True) == whole
    assert "\n" not in explain(docs, page=True, minify=True)


def test_spans_options_and_direction() -> None:
    doc = weighted(["a", "b", "c"], [0.5, 0.25, 0.25])
    doc.cats = {str(i): 0.1 for i in range(9)}
    assert Tokens(explain(doc[1:3])).found == [("b", 1.0), ("c", 1.0)]
    html = explain(doc, options={"color": "#ff0010", "max_cats": 2})
    assert "rgba(255, 0, 16" in html and html.count('class="cat"') == 2
    assert "direction: rtl" in explain(weighted(["שלום"], [1.0], "he"), page=True)
    with pytest.raises(ValueError, match="R001.*colour"):
        explain(doc, options={"colour": "#ff0010"})
    assert Tokens(explain(weighted([], []))).found == []
    assert explain([]) == ""


def test_document_without_weights_is_refused() -> None:
    nlp = spacy.blank("en")
    weighted(["x"], [1.0])
    with pytest.raises(ValueError, match=r"R106.*save_attention = true"):
        spacy_rnn.explain(nlp("no weights"))
    doc = nlp("of another text")
    doc._.rnn_attention = np.ones(1, dtype="f")
    with pytest.raises(ValueError, match="R106"):
        spacy_rnn.explain(doc)


def test_shown_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: List[str] = []
    module: Any = type(sys)("IPython.display")
    module.HTML, module.display = str, shown.append
    monkeypatch.setitem(sys.modules, "IPython", type(sys)("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    doc = weighted(["a"], [1.0])
    assert spacy_rnn.explain(doc, jupyter=True) is None
    assert shown == [explain(doc)]


def test_import_is_light() -> None:
    script = "import sys, spacy_rnn; assert not {'torch', 'spacy'} & set(sys.modules); print(spacy_rnn.%s.__module__)"
    for name, module in (("explain", "attention"), ("render_tree", "tree")):
        command = [sys.executable, "-c", script % name]
        done = subprocess.run(command, capture_output=True, encoding="utf8", check=False)
        assert done.stdout.strip() == f"spacy_rnn.display.{module}", done.stderr
    with pytest.raises(AttributeError, match="nothing"):
        _ = spacy_rnn.nothing
