"""The same document in other words."""

from copy import deepcopy
from typing import Any, Dict, List, Sequence, Union

import numpy as np
from spacy.attrs import HEAD, IDS, ORTH, SPACY
from spacy.tokens import Doc, Span, SpanGroup

_KEPT = ("POS", "TAG", "MORPH", "LEMMA", "HEAD", "DEP", "SENT_START", "ENT_IOB", "ENT_TYPE", "ENT_ID", "ENT_KB_ID")
_ATTRS: List[Union[int, str]] = [*(IDS[name] for name in _KEPT), IDS["NORM"]]
FINAL = frozenset(".!?…。！？؟۔।॥։")


def with_words(doc: Doc, words: Sequence[str]) -> Doc:
    """A copy of a document in which each token has another form, and nothing else is different: all annotation of
    tokens, entities and spans, categories, spaces, user data and hooks are kept. A norm that the tokenizer gave to a
    token goes with its form. The tensor is left out.

    words: the forms of all tokens, or of all but the last, if `can_end_earlier` is true.
    """
    n = len(words)
    spaces = doc.to_array(SPACY).astype(bool).tolist()
    found = Doc(doc.vocab, words=list(words), spaces=[*spaces[: n - 1], *spaces[-1:]])
    if n:
        values: Any = doc.to_array(_ATTRS)[:n]
        is_same = doc.to_array(ORTH)[:n] == found.to_array(ORTH)
        values[:, -1] *= is_same  # 0 stands for the norm of the form
        found.from_array(_ATTRS, values)
    for name, group in doc.spans.items():
        spans = [_span(found, span) for span in group]
        found.spans[name] = SpanGroup(found, name=group.name, attrs=deepcopy(group.attrs), spans=spans)
    found.cats = dict(doc.cats)
    found.user_data = _moved(doc, found) if doc.user_data else {}
    found.sentiment = doc.sentiment
    found.has_unknown_spaces = doc.has_unknown_spaces
    for hooks in ("user_hooks", "user_token_hooks", "user_span_hooks"):
        setattr(found, hooks, dict(getattr(doc, hooks)))
    return found


def _span(doc: Doc, span: Span) -> Span:
    return Span(doc, span.start, span.end, label=span.label, kb_id=span.kb_id, span_id=span.id)


def _moved(doc: Doc, found: Doc) -> Dict[Any, Any]:
    """The user data. spaCy keeps that of tokens and spans by the places of their characters."""
    pairs = list(zip(doc, found))
    starts = {old.idx: new.idx for old, new in pairs}
    ends = {old.idx + len(old): new.idx + len(new) for old, new in pairs}
    data: Dict[Any, Any] = {}
    kept: Dict[Any, Any] = doc.user_data
    for key, value in kept.items():
        if isinstance(key, tuple) and len(key) >= 4 and key[0] == "._.":
            _, name, start, end, *rest = key
            if (start is not None and start not in starts) or (end is not None and end not in ends):
                continue  # of the token that is gone
            key = ("._.", name, starts.get(start), ends.get(end), *rest)
        data[key] = deepcopy(value)
    return data


def can_end_earlier(doc: Doc) -> bool:
    """Whether the last token is a mark that ends a sentence, and neither another token depends on it, nor an entity or
    a span holds it, nor is it a sentence of its own."""
    n = len(doc)
    if n < 2 or not FINAL.issuperset(doc[-1].text) or doc[-1].is_sent_start or doc[-1].ent_type:
        return False
    # Not `token.head`, which is the token itself where a relation is missing.
    heads = np.arange(n) + doc.to_array([HEAD]).reshape(n).astype(np.int64)
    return not (n - 1 in heads[:-1] or any(span.end == n for group in doc.spans.values() for span in group))
