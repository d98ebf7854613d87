"""The columns of the output: which ones a pipeline fills, and their values as plain data."""

import re
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

import numpy as np
from spacy.attrs import DEP, IDS, LEMMA, MORPH, ORTH, POS, TAG
from spacy.language import Language
from spacy.parts_of_speech import NAMES as POS_NAMES
from spacy.pipeline import AttributeRuler
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from ..errors import CorpusError, Errors, SettingError

# What components say they assign, and its column. Anything else of tokens and documents is a column by its own name.
_ASSIGNED = {
    "token.pos": "pos",
    "token.tag": "tag",
    "token.morph": "morph",
    "token.lemma": "lemma",
    "token.dep": "dep",
    "token.head": "head",
    "token.is_sent_start": "sents",
    "token.sent_start": "sents",
    "doc.sents": "sents",
    "doc.ents": "ents",
    "token.ent_iob": "ents",
    "token.ent_type": "ents",
    "doc.cats": "cats",
    "doc.spans": "spans",
}
KEYS = {"tokens": ORTH, "pos": POS, "tag": TAG, "morph": MORPH, "lemma": LEMMA, "dep": DEP}
COLUMNS = ("text", "tokens", *dict.fromkeys(_ASSIGNED.values()))
# What components pass on to each other: a column only where it is asked for.
_INNER = ("doc.tensor", "doc._.trf_data")
_ATTRIBUTE = re.compile(r"(doc|token)\.(_\.)?([^\W\d]\w*)")
# Attributes of tokens that a DocBin stores, other than those of COLUMNS.
STORED = ("token.norm", "token.ent_kb_id", "token.ent_id")


def columns_of(nlp: Language) -> List[str]:
    """The text, the tokens and what the components of a pipeline assign. Raises CorpusError for what cannot be a
    column."""
    assigned = assigned_columns(nlp)
    for column, name in assigned.items():
        if column not in COLUMNS and not _ATTRIBUTE.fullmatch(column):
            raise CorpusError(Errors.D192.format(name=name, assigned=column))
    kept = [column for column in assigned if column not in (*COLUMNS, *_INNER)]
    return [*(column for column in COLUMNS if column in ("text", "tokens", *assigned)), *kept]


def assigned_columns(nlp: Language) -> Dict[str, str]:
    """The columns of what the components of a pipeline assign, with the last component that does."""
    found = {}
    for name, pipe in nlp.pipeline:
        for assigned in _assigned(nlp.get_pipe_meta(name).assigns, pipe):
            found[_ASSIGNED.get(assigned, assigned)] = name
    return found


def _assigned(declared: Iterable[str], pipe: Any) -> List[str]:
    """What a component assigns with the settings that it has."""
    names = dict.fromkeys(declared)
    for setting, name in getattr(pipe, "KEPT", ()):
        names.pop(name, None)
        if pipe.cfg[setting]:
            names[name] = None
    if isinstance(pipe, AttributeRuler):  # which can assign anything, and declares nothing
        attrs = {key for pattern in pipe.attrs for key in pattern}
        names.update(dict.fromkeys(f"token.{attr.lower()}" for attr, key in IDS.items() if key in attrs))
    return list(names)


def check_columns(columns: Sequence[str], output_format: str, nlp: Language) -> None:
    """Raises SettingError for what is no column, or none of this format."""
    assigned = assigned_columns(nlp)
    for column in columns:
        match = _ATTRIBUTE.fullmatch(column)
        if column not in (*COLUMNS, *assigned) and not (match and _exists(*match.groups())):
            allowed = ", ".join((*COLUMNS, "doc.NAME", "token.NAME", "doc._.NAME", "token._.NAME"))
            raise SettingError(Errors.R001.format(name="columns", value=column, allowed=allowed))
        if output_format == "docbin" and match and not match[2] and column not in (*STORED, "doc.user_data"):
            raise SettingError(Errors.D193.format(column=column))


def _exists(owner: str, extension: Optional[str], name: str) -> bool:
    kind: Any = Doc if owner == "doc" else Token
    return kind.has_extension(name) if extension else hasattr(kind, name)


class Row:
    """Makes plain data of documents, and looks up each string only once."""

    def __init__(self, columns: Sequence[str], vocab: Vocab):
        self._values: Dict[str, Callable[[Doc], Any]] = {column: self._value(column, vocab) for column in columns}

    def __call__(self, name: str, doc: Doc) -> Dict[str, Any]:
        return {"id": name, **{column: value(doc) for column, value in self._values.items()}}

    def _value(self, column: str, vocab: Vocab) -> Callable[[Doc], Any]:
        if column in _VALUES:
            return _VALUES[column]
        if column not in KEYS:
            return _attribute(column)
        # Parts of speech are no strings of the store, and an empty set of features has a name of its own there.
        known = (
            dict(POS_NAMES)
            if column == "pos"
            else _Strings(vocab, {vocab.strings["_"]: ""} if column == "morph" else {})
        )

        def value(doc: Doc) -> List[str]:
            if isinstance(known, _Strings):
                known.store = doc.vocab.strings  # a tokenizer may have a vocabulary of its own
            return [known[key] for key in doc.to_array(KEYS[column]).tolist()]

        return value


class _Strings(Dict[int, str]):
    """The strings of a store by key."""

    def __init__(self, vocab: Vocab, known: Dict[int, str]):
        super().__init__(known)
        self.store = vocab.strings

    def __missing__(self, key: int) -> str:
        self[key] = found = self.store[key]
        return found


def _attribute(column: str) -> Callable[[Doc], Any]:
    """The value of an attribute of a document, or those of its tokens."""
    owner, _, name = column.partition(".")
    kind: Any = Doc if owner == "doc" else Token
    extension = name.removeprefix("_.")
    spelled = f"{name}_" if hasattr(kind, f"{name}_") else name  # the string instead of its key

    def value_of(item: Any) -> Any:
        if extension == name:
            value = getattr(item, spelled)
        else:  # which a component may have declared and never registered
            value = item._.get(extension) if kind.has_extension(extension) else None
        try:
            return plain(value)
        except TypeError as error:
            raise CorpusError(Errors.D194.format(column=column, type=error)) from error

    return value_of if owner == "doc" else lambda doc: [value_of(token) for token in doc]


def plain(value: Any) -> Any:
    """A value as JSON has it: arrays and sets become lists. Raises TypeError, with the name of its type, for what JSON
    cannot hold."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, dict) and all(isinstance(key, (str, int, float)) for key in value):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(plain, value))
    if isinstance(value, (set, frozenset)):
        return sorted(map(plain, value), key=repr)
    if isinstance(value, Span):
        return {"start": value.start, "end": value.end, "label": value.label_}
    if isinstance(value, (np.generic, np.ndarray)) or type(value).__name__ in ("ndarray", "Tensor"):
        return plain(value.tolist())
    raise TypeError(type(value).__name__)


def _spans(doc: Doc) -> Dict[str, List[Dict[str, Any]]]:
    """All span groups, with the scores of those that have any."""
    found = {}
    for key, group in doc.spans.items():
        scores = group.attrs.get("scores")
        found[key] = [plain(span) for span in group]
        for row, score in zip(found[key], plain(scores) if scores is not None and len(scores) == len(group) else ()):
            row["score"] = score
    return found


def _sentences(doc: Doc) -> List[List[int]]:
    return [[sent.start, sent.end] for sent in doc.sents] if doc.has_annotation("SENT_START") else []


_VALUES: Dict[str, Callable[[Doc], Any]] = {
    "text": lambda doc: doc.text,
    "head": lambda doc: [token.head.i for token in doc],
    "sents": _sentences,
    "ents": lambda doc: list(map(plain, doc.ents)),
    "cats": lambda doc: {label: float(value) for label, value in doc.cats.items()},
    "spans": _spans,
}
