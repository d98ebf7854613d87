"""Annotations of documents as arrays: reading, writing and combining them."""

from typing import Any, Iterable, Iterator, List, Mapping, Sequence, Tuple, Union

import numpy as np
from spacy.attrs import IS_SPACE
from spacy.morphology import Morphology
from spacy.parts_of_speech import SPACE
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..types import FloatArray, KeyArray
from .extensions import SCORES, assign, read
from .strings import distinct_vocabs, permanent, permanent_features

ATTRS = ("pos", "tag", "morph")


def read_annotations(doc: Doc, attrs: Sequence[str]) -> KeyArray:
    """The values of some attributes, (n_tokens, n_attrs)."""
    # spaCy declares floats, but returns keys.
    values = doc.to_array(_as_spacy(attrs)).astype(np.uint64, copy=False)
    return values.reshape(len(doc), len(attrs))


def write_annotations(docs: Sequence[Doc], columns: Mapping[str, KeyArray], *, overwrite: bool, extend: bool) -> None:
    """Write one (n_tokens,) array for each attribute, the tokens of all documents joined. Whitespace tokens become
    SPACE, without features. overwrite, extend: see `RNNTagger`."""
    for vocab in distinct_vocabs(docs):
        space = {"pos": SPACE, "tag": permanent(vocab, "_SP"), "morph": permanent_features(vocab, {})}
    attrs = list(columns)
    for doc, new in _by_doc(docs, np.stack(list(columns.values()), axis=1)):
        spaces = doc.to_array(IS_SPACE).astype(bool)
        if spaces.any():
            new[spaces] = [space[attr] for attr in attrs]
        if not overwrite or extend:
            new = _merge(attrs, read_annotations(doc, attrs), new, doc.vocab, overwrite=overwrite, extend=extend)
        doc.from_array(_as_spacy(attrs), new)


def write_lemmas(docs: Iterable[Doc], keys: KeyArray, *, overwrite: bool) -> None:
    """Write the lemmas, (n_tokens,), the tokens of all documents joined. No document may be empty."""
    for doc, new in _by_doc(docs, keys):
        if not overwrite:
            old = read_annotations(doc, ["lemma"])[:, 0]
            new = np.where(old == 0, new, old)
        doc.from_array(_as_spacy(["lemma"]), new.reshape(-1, 1))


def write_probabilities(docs: Iterable[Doc], probabilities: FloatArray, groups: Mapping[str, slice]) -> None:
    """Keep the probabilities of all labels, (n_tokens, n_labels), in `doc._.rnn_scores`, by group. Those of other
    attributes, which another tagger predicted, stay."""
    attrs = {name.partition("=")[0] for name in groups}
    for doc, rows in _by_doc(docs, probabilities):
        before = read(doc, SCORES)
        kept = before if isinstance(before, dict) else {}
        others = {name: scores for name, scores in kept.items() if name.partition("=")[0] not in attrs}
        assign(doc, SCORES, {**others, **{name: rows[:, group].copy() for name, group in groups.items()}})


def _by_doc(docs: Iterable[Doc], rows: Any) -> Iterator[Tuple[Doc, Any]]:
    """Each document with the rows of its tokens. rows: (n_tokens, ...), the tokens of all documents joined."""
    end = 0
    for doc in docs:
        start, end = end, end + len(doc)
        yield doc, rows[start:end]


def _merge(attrs: List[str], old: KeyArray, new: KeyArray, vocab: Vocab, *, overwrite: bool, extend: bool) -> KeyArray:
    """Combine existing and predicted annotations, both (n, n_attrs)."""
    merged = new if overwrite else np.where(old == 0, new, old)
    if extend and "morph" in attrs:
        column = attrs.index("morph")
        strings = vocab.strings
        for i, (before, predicted) in enumerate(zip(old[:, column].tolist(), new[:, column].tolist())):
            both = [Morphology.feats_to_dict(strings[key] if key else "") for key in (before, predicted)]
            first, second = both if overwrite else both[::-1]
            merged[i, column] = permanent_features(vocab, {**first, **second})
    return merged


def _as_spacy(attrs: Iterable[str]) -> List[Union[int, str]]:
    return [attr.upper() for attr in attrs]
