"""The labels of a tagger: the meaning of its output columns, and the translation between annotations and columns."""

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple, Union

import numpy as np
from spacy.morphology import Morphology
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.vocab import Vocab

from ...errors import AnnotationError, Errors
from ...models.types import ScoreColumns
from ...types import FloatArray, IntArray, KeyArray
from ..annotate import ATTRS
from ..losses import MISSING, NEGATIVE
from ..strings import Strings, permanent, permanent_features

# The value of a feature that a word lacks.
NO_VALUE = ""
# A set of features that is composed of the values of single features.
COMPOSED = ""
# The MAX_SETS most frequent sets of features are labels, if they occur this often. The others teach when to compose.
MIN_SET_COUNT = 2
MAX_SETS = 500
# The weight of a single feature in training, where a whole set has 1: features are many, most of them are easy, and
# they would outweigh the other attributes.
FEATURE_WEIGHT = 0.2

LabelData = Dict[str, Any]
StringsByKey = Union[Strings, Mapping[int, str]]


class TagLabels:
    """Groups of labels that lie side by side in the output, with one choice each: the parts of speech; the fine-grained
    tags; the frequent sets of morphological features, after a label for all other sets; and for each feature its
    values, after a label for words that lack it.

    Choosing a whole set is more accurate where the set is frequent; composing a set of single features predicts sets
    that the training data does not contain.
    """

    def __init__(self, data: LabelData):
        self.pos: List[str] = list(data.get("pos", []))
        self.tag: List[str] = list(data.get("tag", []))
        self.morph: Dict[str, List[str]] = {name: list(values) for name, values in data.get("morph", {}).items()}
        self.morph_sets: List[str] = list(data.get("morph_sets", []))

    @property
    def data(self) -> LabelData:
        """The labels as `spacy init labels` stores them."""
        return {"pos": self.pos, "tag": self.tag, "morph": self.morph, "morph_sets": self.morph_sets}

    @property
    def names(self) -> Tuple[str, ...]:
        """One name for each label: pos=NOUN, tag=NN, morph=Case=Nom."""
        names = [f"pos={pos}" for pos in self.pos] + [f"tag={tag}" for tag in self.tag]
        names += [f"morph={feat}={value}" for feat, values in self.morph.items() for value in values]
        return tuple(names)

    def attr_groups(self, attr: str) -> Dict[str, List[str]]:
        """The labels of each group of an attribute."""
        if attr == "morph":
            features = {f"morph={name}": [NO_VALUE, *values] for name, values in self.morph.items()}
            return {"morph": [COMPOSED, *self.morph_sets], **features} if features else {}
        labels = getattr(self, attr)
        return {attr: labels} if labels else {}

    def groups(self, attrs: Iterable[str]) -> Dict[str, slice]:
        """The columns of each group of some attributes."""
        columns, start = {}, 0
        for attr in attrs:
            for name, group in self.attr_groups(attr).items():
                columns[name] = slice(start, start + len(group))
                start += len(group)
        return columns

    def add(self, attr: str, value: str, name: str) -> bool:
        """Add a label. Returns False if it exists. name: of the component, for messages.

        Raises AnnotationError for labels that no attribute can have."""
        if attr == "morph":
            feature, found, value = value.partition("=")
            if not (feature and found and value):
                raise AnnotationError(Errors.R015.format(name=name, label=f"morph={feature}"))
            known = self.morph.setdefault(feature, [])
        elif attr in ("pos", "tag") and value:
            if attr == "pos" and value not in POS_IDS:
                raise AnnotationError(Errors.R017.format(name=name, value=value))
            known = getattr(self, attr)
        else:
            raise AnnotationError(Errors.R015.format(name=name, label=f"{attr}={value}"))
        if value in known:
            return False
        known.append(value)
        return True

    def merge(self, other: "TagLabels") -> None:
        """Append the labels of another object."""
        for attr in ("pos", "tag", "morph_sets"):
            own = getattr(self, attr)
            own += [label for label in getattr(other, attr) if label not in own]
        for feature, values in other.morph.items():
            known = self.morph.setdefault(feature, [])
            known += [value for value in values if value not in known]

    @classmethod
    def from_data(cls, data: Any, name: str) -> "TagLabels":
        """Read what the property `data` gives. name: of the component, for messages.

        Raises AnnotationError for anything else."""
        expected = cls({}).data
        if not (
            isinstance(data, dict)
            and set(data) <= set(expected)
            and all(isinstance(value, type(expected[key])) for key, value in data.items())
        ):
            raise AnnotationError(Errors.R014.format(name=name, expected=", ".join(expected), found=repr(data)[:80]))
        labels = cls({"morph_sets": data.get("morph_sets", [])})
        found = [(attr, value) for attr in ("pos", "tag") for value in data.get(attr, [])]
        found += [("morph", f"{feature}={value}") for feature, own in data.get("morph", {}).items() for value in own]
        for attr, value in found:
            labels.add(attr, value, name)
        return labels

    @classmethod
    def from_annotations(cls, annotations: Mapping[str, Mapping[str, int]], neg_prefix: str = "!") -> "TagLabels":
        """Collect labels, sorted by name. annotations: the number of occurrences of each value of each attribute."""
        labels = cls({})
        labels.pos = sorted(annotations["pos"])
        labels.tag = sorted(tag for tag in annotations["tag"] if not _is_negative(tag, neg_prefix))
        sets = annotations["morph"]
        morph: Dict[str, set] = {}
        for features in sets:
            for feature, feature_value in Morphology.feats_to_dict(features).items():
                morph.setdefault(feature, set()).add(feature_value)
        labels.morph = {feature: sorted(values) for feature, values in sorted(morph.items())}
        if morph:
            frequent = sorted(sets, key=lambda features: (-sets[features], features))[:MAX_SETS]
            labels.morph_sets = sorted(features for features in frequent if sets[features] >= MIN_SET_COUNT)
        return labels


def check_wanted(labels: TagLabels, wanted: Optional[List[str]], name: str) -> List[str]:
    """The attributes that are left out because the data lacks them. name: of the component, for messages.

    Raises AnnotationError if there are no labels for a wanted attribute, or none at all."""
    present = [attr for attr in ATTRS if labels.data[attr]]
    for attr in wanted or []:
        if attr not in present:
            raise AnnotationError(Errors.R011.format(name=name, attr=attr))
    if not present:
        raise AnnotationError(Errors.R012.format(name=name, attrs=", ".join(ATTRS)))
    return [attr for attr in ATTRS if attr not in present] if wanted is None else []


class TagCodec:
    """Translates between spaCy's annotations (keys of the string store) and the groups of `TagLabels`. It does so by
    tables, so that a token takes one lookup in an array.

    vocab: has the strings of all annotations that are decoded. Documents may have another vocabulary."""

    def __init__(self, labels: TagLabels, attrs: List[str], vocab: Vocab, neg_prefix: str = "!"):
        self.attrs = attrs
        self.vocab = vocab
        self.neg_prefix = neg_prefix
        self.groups = labels.groups(attrs)
        self.features = labels.morph
        morph_keys = [permanent_features(vocab, Morphology.feats_to_dict(features)) for features in labels.morph_sets]
        # The keys of the labels of each attribute's first group; 0 stands for a composed set.
        self._keys: Dict[str, KeyArray] = {
            "pos": np.array([POS_IDS[pos] for pos in labels.pos], dtype=np.uint64),
            "tag": np.array([permanent(vocab, tag) for tag in labels.tag], dtype=np.uint64),
            "morph": np.array([0, *morph_keys], dtype=np.uint64),
        }
        self._gold: Dict[str, Dict[int, Tuple[int, ...]]] = {
            attr: {key: (i,) for i, key in enumerate(self._keys[attr].tolist())} for attr in ("pos", "tag")
        }
        self._gold["morph"] = {}
        self._set_rows = {key: i for i, key in enumerate(morph_keys, start=1)}
        self._composed: Dict[Tuple[int, ...], int] = {}
        # The last other vocabulary that strings were written to, and the keys of these by attribute.
        self._written: Tuple[Optional[Vocab], Dict[str, Set[int]]] = (None, {})

    @property
    def width(self) -> int:
        """The number of output columns."""
        return max(group.stop for group in self.groups.values())

    @property
    def weights(self) -> List[float]:
        """The weight of each group in training."""
        return [FEATURE_WEIGHT if "=" in name else 1.0 for name in self.groups]

    def encode(self, columns: Mapping[str, KeyArray], strings: Strings) -> IntArray:
        """Gold annotations, one (n,) array for each attribute, to the label of each group, (n, n_groups). Missing
        annotations and unknown labels are MISSING. strings: of the gold documents."""
        return np.concatenate([self._encode_attr(attr, columns[attr], strings) for attr in self.attrs], axis=1)

    def _encode_attr(self, attr: str, keys: KeyArray, strings: Strings) -> IntArray:
        distinct, inverse = np.unique(keys, return_inverse=True)
        rows = [self._encode_key(attr, key, strings) for key in distinct.tolist()]
        return np.array(rows, dtype=np.int64).reshape(len(rows), -1)[inverse.reshape(-1)]

    def _encode_key(self, attr: str, key: int, strings: StringsByKey) -> Tuple[int, ...]:
        known = self._gold[attr].get(key)
        if known is not None:
            return known
        if attr == "tag" and key and _is_negative(tag := strings[key], self.neg_prefix):
            positive = self._gold["tag"].get(self.vocab.strings[tag[len(self.neg_prefix) :]])
            return (MISSING,) if positive is None else (NEGATIVE - positive[0],)
        if attr != "morph":
            return (MISSING,)
        row = self._encode_morph(key, strings)
        self._gold[attr][key] = row
        return row

    def _encode_morph(self, key: int, strings: StringsByKey) -> Tuple[int, ...]:
        if key == 0:
            return (MISSING,) * (1 + len(self.features))
        features = Morphology.feats_to_dict(strings[key])
        values = [
            _index([NO_VALUE, *known], features.get(feature, NO_VALUE)) for feature, known in self.features.items()
        ]
        unknown = MISSING in values or not set(features) <= set(self.features)
        return (MISSING if unknown else self._set_rows.get(key, 0), *values)

    def columns(self, attr: str, names: Sequence[str]) -> IntArray:
        """The output columns of some values of an attribute, (n, n_groups), one in each group of the attribute, or
        negative if it is unknown. names: parts of speech, tags, or sets of features as the string store has them."""
        keys = [POS_IDS.get(name, 0) if attr == "pos" else int(self.vocab.strings[name]) for name in names]
        rows = np.array([self._encode_key(attr, key, {key: name}) for key, name in zip(keys, names)], dtype=np.int64)
        starts = [group.start for name, group in self.groups.items() if name.partition("=")[0] == attr]
        return np.where(rows >= 0, rows + np.array(starts), MISSING)

    def decode(self, score: ScoreColumns) -> Dict[str, KeyArray]:
        """The best annotations, one (n,) array for each attribute.

        score: returns the scores of some columns. It is called for the single features, which lie after all other
            columns, only with the tokens whose features have to be composed.
        """
        whole = slice(0, max(self.groups[attr].stop for attr in self.attrs))
        scores = score(whole)
        found = {attr: self._keys[attr][scores[:, self.groups[attr]].argmax(axis=1)] for attr in self.attrs}
        if "morph" in found:
            composed = np.flatnonzero(found["morph"] == 0)
            if len(composed):
                found["morph"][composed] = self._compose(score(slice(whole.stop, self.width), composed), whole.stop)
        return found

    def _compose(self, scores: FloatArray, first: int) -> KeyArray:
        """The sets that single features make up, (m,). scores: (m, n_columns); first: the output column of the first
        one."""
        groups = [self.groups[f"morph={feature}"] for feature in self.features]
        choices = [scores[:, group.start - first : group.stop - first].argmax(axis=1).tolist() for group in groups]
        return np.array([self._composed_key(row) for row in zip(*choices)], dtype=np.uint64)

    def _composed_key(self, row: Tuple[int, ...]) -> int:
        key = self._composed.get(row)
        if key is None:
            items = zip(self.features.items(), row)
            values = {feature: known[choice - 1] for (feature, known), choice in items if choice}
            key = self._composed[row] = permanent_features(self.vocab, values)
        return key

    def write_strings(self, vocab: Vocab, columns: Mapping[str, KeyArray]) -> None:
        """Make the strings of decoded annotations, one (n,) array for each attribute, permanent in the vocabulary of
        documents that will have them."""
        if vocab is self.vocab:
            return
        last, written = self._written
        if last is not vocab:
            written = {"tag": set(), "morph": set()}
            self._written = (vocab, written)
        for attr in written.keys() & columns.keys():
            for key in set(columns[attr].tolist()) - written[attr]:
                string = self.vocab.strings[key]
                if attr == "tag":
                    permanent(vocab, string)
                else:
                    permanent_features(vocab, Morphology.feats_to_dict(string))
                written[attr].add(key)


def _is_negative(tag: str, prefix: str) -> bool:
    return bool(prefix) and tag.startswith(prefix) and len(tag) > len(prefix)


def _index(values: List[str], value: str) -> int:
    return values.index(value) if value in values else MISSING
