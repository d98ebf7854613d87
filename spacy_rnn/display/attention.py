"""The attention of a text categorizer, as HTML."""

from html import escape
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Union

import numpy as np
from spacy.tokens import Doc, Span
from spacy.util import is_in_jupyter, minify_html

from ..errors import Errors, NotInitializedError, SettingError
from ..pipeline.extensions import ATTENTION, read
from .file import PAGES, write_picture

PAGE = """<!DOCTYPE html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<title>Attention</title>
</head>
<body style="font: 16px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; padding: 4rem 2rem; direction: {dir}">
{content}
</body>
</html>
"""

DOC = """<figure style="margin: 0 0 3rem 0; color: #09090b; background: #ffffff; direction: {dir}">
<figcaption style="margin-bottom: 1rem; line-height: 1.6">{cats}</figcaption>
<div class="attention" style="line-height: 2.2; white-space: pre-wrap; overflow-wrap: anywhere">{tokens}</div>
</figure>
"""

CAT = (
    '<span class="cat" style="display: inline-block; margin-inline-end: 1rem; font-weight: {weight}">'
    '{label} <span style="color: #52525b">{value:.1%}</span></span>'
)

TOKEN = (
    '<mark class="token" style="background: rgba({rgb}, {alpha:.3f}); color: inherit; padding: 0.25em 0.1em; '
    'border-radius: 0.25em" title="{weight:.2%}">{text}</mark>{blank}'
)

DEFAULTS: Dict[str, Any] = {"color": "#7aecec", "max_cats": 5}


def explain(
    docs: Union[Doc, Span, Iterable[Union[Doc, Span]]],
    *,
    page: bool = False,
    minify: bool = False,
    jupyter: Optional[bool] = None,
    path: Union[str, Path, None] = None,
    options: Optional[Dict[str, Any]] = None,
) -> Optional[str]:
    """Show the attention weights of documents. The higher the weight of a token relative to the highest one, the deeper
    is its colour; a tooltip has the number. The most probable categories stand above the text.

    docs: one or several documents, or spans of them, annotated by `rnn_textcat` or `rnn_textcat_multilabel` with
        save_attention = true.
    page: return a whole HTML page. minify: remove whitespace between tags.
    jupyter: show the HTML in a notebook and return nothing; None finds out whether there is one.
    path: a file to write as a whole page, ".html", in addition to returning the HTML.
    options: "color" (hexadecimal), "max_cats" (the largest number of categories).

    Raises NotInitializedError for a document without attention weights, SettingError for other options and files.
    """
    settings = {**DEFAULTS, **(options or {})}
    unknown = set(settings) - set(DEFAULTS)
    if unknown:
        allowed = ", ".join(DEFAULTS)
        raise SettingError(Errors.R001.format(name="options", value=sorted(unknown), allowed=allowed))
    shown: List[Union[Doc, Span]] = [docs] if isinstance(docs, (Doc, Span)) else list(docs)
    html = "\n".join(_render(doc, settings) for doc in shown)
    lang, direction = (shown[0].vocab.lang, _direction(shown[0])) if shown else ("", "ltr")
    whole = PAGE.format(content=html, lang=escape(lang or ""), dir=direction)
    if path is not None:
        write_picture(path, dict.fromkeys(PAGES, whole))
    html = whole if page else html
    if minify:
        html = minify_html(html)
    if jupyter or (jupyter is None and path is None and is_in_jupyter()):
        from IPython.display import HTML, display  # type: ignore[import-not-found, unused-ignore]

        display(HTML(html))
        return None
    return html


def _render(span: Union[Doc, Span], settings: Dict[str, Any]) -> str:
    doc = span if isinstance(span, Doc) else span.doc
    weights = read(doc, ATTENTION)
    if weights is None or len(weights) != len(doc):
        raise NotInitializedError(Errors.R106)
    if isinstance(span, Span):
        weights = weights[span.start : span.end]
    highest = max(float(np.max(weights, initial=0.0)), 1e-12)
    rgb = ", ".join(str(part) for part in bytes.fromhex(settings["color"].lstrip("#")))
    tokens = (
        TOKEN.format(rgb=rgb, alpha=weight / highest, weight=weight, text=escape(token.text), blank=token.whitespace_)
        for token, weight in zip(span, np.asarray(weights, dtype=np.float64).tolist())
    )
    best = sorted(doc.cats.items(), key=lambda item: -item[1])[: settings["max_cats"]]
    cats = "".join(
        CAT.format(label=escape(label), value=value, weight="bold" if i == 0 else "normal")
        for i, (label, value) in enumerate(best)
    )
    return DOC.format(cats=cats, tokens="".join(tokens), dir=_direction(span))


def _direction(span: Union[Doc, Span]) -> str:
    return str(span.vocab.writing_system.get("direction", "ltr"))
