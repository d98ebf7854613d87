"""What trained pipelines hold likely of the tokens of documents."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

import numpy as np
from spacy.language import Language
from spacy.parts_of_speech import NAMES as POS_NAMES
from spacy.pipeline import Morphologizer, SentenceRecognizer, Tagger
from spacy.tokens import Doc

from ..base.arrays import softmax
from ..base.checks import check_at_least, check_choice
from ..data.spacy_files import copy_words
from ..pipeline.annotate import ATTRS, read_annotations
from ..pipeline.extensions import SCORES, read
from ..pipeline.soft_labels import NO_FEATURES
from ..pipeline.strings import Strings
from ..pipeline.tagger import RNNTagger
from ..types import FloatArray

TAUGHT = (*ATTRS, "cats")


@dataclass
class Labelled:
    """The labels of an attribute: the names of all columns, and the probabilities, (n_tokens, n_labels). A row of zeros
    is unknown."""

    names: List[str]
    probabilities: FloatArray


class Teacher:
    """A trained pipeline.

    It gives the probabilities of its `rnn_tagger`, or of spaCy's `tagger` and `morphologizer`. The annotation of any
    other component, such as a rule that corrects a tag, is a label with probability 1. Of categories, it gives the
    values.

    weight: how much it counts among several teachers. attrs: what it teaches, any of "pos", "tag", "morph" and "cats";
        None for all that it assigns.
    Raises SettingError for settings out of range.
    """

    def __init__(self, nlp: Language, weight: float = 1.0, attrs: Optional[Sequence[str]] = None):
        check_at_least("weight", weight, 0)
        for attr in attrs or ():
            check_choice("attrs", attr, TAUGHT)
        self.nlp = nlp
        self.weight = weight
        self.attrs = TAUGHT if attrs is None else tuple(attrs)
        for _, pipe in nlp.pipeline:
            if isinstance(pipe, RNNTagger):
                pipe.cfg["save_scores"] = True

    def annotate(self, docs: Sequence[Doc]) -> List[Doc]:
        """Documents with the same tokens, of the teacher's own vocabulary, as it annotates them."""
        return list(self.nlp.pipe(copy_words(doc, self.nlp.vocab) for doc in docs))

    def labels(self, docs: Sequence[Doc]) -> Dict[str, Labelled]:
        """The labels of each attribute of annotated documents, the tokens of all joined, without those that the teacher
        does not assign."""
        found = {}
        for attr in ATTRS:
            annotated = annotated_names(docs, attr) if attr in self.attrs else []
            if any(annotated):
                found[attr] = self._labels(docs, attr, annotated)
        return found

    def cats(self, doc: Doc) -> Dict[str, float]:
        """The categories of an annotated document."""
        return dict(doc.cats) if "cats" in self.attrs else {}

    def _labels(self, docs: Sequence[Doc], attr: str, annotated: List[str]) -> Labelled:
        """The last component with probabilities, corrected by what the documents say."""
        for _, pipe in reversed(self.nlp.pipeline):
            labelled = probabilities_of(pipe, docs, attr)
            if labelled is not None:
                return corrected(labelled, annotated)
        return corrected(Labelled([], np.zeros((len(annotated), 0), dtype="f")), annotated)


def probabilities_of(pipe: Any, docs: Sequence[Doc], attr: str) -> Optional[Labelled]:
    """What a component holds likely, None if it does not say that of this attribute."""
    docs = [doc for doc in docs if len(doc)]
    if isinstance(pipe, RNNTagger) and attr in pipe.attrs:
        scores = [read(doc, SCORES) for doc in docs]
        if attr == "morph":
            return _with_composed(pipe, scores)
        return Labelled(list(pipe.label_data[attr]), np.concatenate([rows[attr] for rows in scores]))
    if isinstance(pipe, Morphologizer) and attr in ("pos", "morph"):
        own = [_parts(pipe, label)[attr] for label in pipe.labels]
        names = list(dict.fromkeys(own))
        joined = np.array([[name == one for name in names] for one in own], dtype="f")
        return Labelled(names, _predicted(pipe, docs) @ joined)
    if isinstance(pipe, Tagger) and not isinstance(pipe, (Morphologizer, SentenceRecognizer)) and attr == "tag":
        return Labelled(list(pipe.labels), _predicted(pipe, docs))
    return None


def _with_composed(pipe: RNNTagger, scores: List[Dict[str, FloatArray]]) -> Labelled:
    """The sets of features that an `rnn_tagger` holds likely. The share of all sets that it composes of single features
    belongs to the one that it composed, and is left out where it chose another."""
    codec = pipe.codec
    joined = np.concatenate([np.concatenate([rows[name] for rows in scores]) for name in codec.groups], axis=1)
    keys = codec.decode(lambda columns, rows=None: (joined if rows is None else joined[rows])[:, columns])["morph"]
    shares = joined[:, codec.groups["morph"]]
    composed = np.flatnonzero(shares.argmax(axis=1) == 0)
    own = [pipe.vocab.strings[key] for key in keys[composed].tolist()]
    names = list(dict.fromkeys([*pipe.label_data["morph_sets"], *own]))
    found = np.zeros((len(joined), len(names)), dtype="f")
    found[:, : shares.shape[1] - 1] = shares[:, 1:]
    found[composed, [names.index(name) for name in own]] += shares[composed, 0]
    return Labelled(names, found)


def _parts(pipe: Morphologizer, label: str) -> Dict[str, str]:
    """The part of speech and the features of a label of spaCy's morphologizer."""
    pos, features = pipe.cfg["labels_pos"][label], pipe.cfg["labels_morph"][label]
    return {"pos": POS_NAMES[pos], "morph": features or NO_FEATURES}


def _predicted(pipe: Any, docs: Sequence[Doc]) -> FloatArray:
    """The probabilities of the labels of a component of spaCy's, (n_tokens, n_labels)."""
    scores: FloatArray = np.concatenate([pipe.model.ops.to_numpy(rows) for rows in pipe.model.predict(docs)])
    # A model whose output layer is not normalized gives scores instead.
    return scores if np.allclose(scores.sum(axis=1), 1.0, atol=1e-3) else softmax(scores)


def annotated_names(docs: Sequence[Doc], attr: str) -> List[str]:
    """The annotation of each token, "" where it is missing."""
    keys = [key for doc in docs for key in read_annotations(doc, [attr])[:, 0].tolist()]
    strings: Any = POS_NAMES if attr == "pos" else Strings(docs)
    names = {key: strings[key] if key else "" for key in set(keys)}
    return [names[key] for key in keys]


def corrected(labelled: Labelled, annotated: List[str]) -> Labelled:
    """The annotation has the last word: where it is not the likeliest label, it is the only one."""
    names = list(dict.fromkeys([*labelled.names, *filter(None, annotated)]))
    columns = {name: i for i, name in enumerate(names)}
    p = np.zeros((len(annotated), len(names)), dtype="f")
    p[:, : len(labelled.names)] = labelled.probabilities
    rows = np.arange(len(p))
    truth = np.array([columns.get(name, -1) if name else -1 for name in annotated])
    other = (p.argmax(axis=1) != truth) | (p[rows, truth] == 0)
    p[other] = 0.0
    p[other, truth[other]] = 1.0
    p[truth < 0] = 0.0
    return Labelled(names, p / np.maximum(p.sum(axis=1, keepdims=True), np.finfo("f").tiny))
