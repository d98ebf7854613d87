"""The labels of a tagger: what its output columns mean, and the way from annotations to
columns and back."""

from typing import Any, Dict, Iterable, List, Tuple

import numpy as np
import numpy.typing as npt
from spacy.morphology import Morphology
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.vocab import Vocab

from ..errors import Errors

ATTRS = ("pos", "tag", "morph")
MISSING = -1
# "Not label i" is written as NEGATIVE - i.
NEGATIVE = -2
# A feature that a word does not have.
NO_VALUE = ""

IntArray = npt.NDArray[np.int64]
KeyArray = npt.NDArray[np.uint64]
LabelData = Dict[str, Any]


class TagLabels:
    """Groups of labels, one choice each: all parts of speech are a group, all fine-grained
    tags, and the values of each morphological feature (the first value of a feature is that a
    word does not have it). The groups lie side by side in the output, in this order.

    Free combination of features is what lets a tagger predict sets of features that the
    training data never shows together.
    """

    def __init__(self, data: LabelData):
        self.pos: List[str] = list(data.get("pos", []))
        self.tag: List[str] = list(data.get("tag", []))
        self.morph: Dict[str, List[str]] = {name: list(values) for name, values in data.get("morph", {}).items()}

    @property
    def data(self) -> LabelData:
        """What `spacy init labels` stores."""
        return {"pos": self.pos, "tag": self.tag, "morph": self.morph}

    @property
    def names(self) -> Tuple[str, ...]:
        """One name for each label: pos=NOUN, tag=NN, morph=Case=Nom."""
        names = [f"pos={pos}" for pos in self.pos] + [f"tag={tag}" for tag in self.tag]
        names += [f"morph={feat}={value}" for feat, values in self.morph.items() for value in values]
        return tuple(names)

    def attr_groups(self, attr: str) -> List[List[str]]:
        """The groups of one attribute, each with its labels."""
        if attr == "morph":
            return [[NO_VALUE, *values] for values in self.morph.values()]
        labels = getattr(self, attr)
        return [labels] if labels else []

    def groups(self, attrs: Iterable[str]) -> List[slice]:
        """The columns of each group of the given attributes."""
        sizes = [len(group) for attr in attrs for group in self.attr_groups(attr)]
        ends = np.cumsum(sizes).tolist()
        return [slice(end - size, end) for size, end in zip(sizes, ends)]

    def add(self, attr: str, value: str, name: str) -> bool:
        """Add a label; False if it is known. `name` is the component's, for messages."""
        if attr == "morph":
            feature, found, value = value.partition("=")
            if not (feature and found and value):
                raise ValueError(Errors.R015.format(name=name, label=f"morph={feature}"))
            known = self.morph.setdefault(feature, [])
        elif attr in ("pos", "tag") and value:
            if attr == "pos" and value not in POS_IDS:
                raise ValueError(Errors.R017.format(name=name, value=value))
            known = getattr(self, attr)
        else:
            raise ValueError(Errors.R015.format(name=name, label=f"{attr}={value}"))
        if value in known:
            return False
        known.append(value)
        return True

    def merge(self, other: "TagLabels") -> None:
        """Add another's labels, behind its own."""
        for attr in ("pos", "tag"):
            own = getattr(self, attr)
            own += [label for label in getattr(other, attr) if label not in own]
        for feature, values in other.morph.items():
            known = self.morph.setdefault(feature, [])
            known += [value for value in values if value not in known]

    @classmethod
    def from_data(cls, data: Any, name: str) -> "TagLabels":
        """Check and read `data`, as the property of that name gives it. `name` is the
        component's, for messages."""
        if not (isinstance(data, dict) and set(data) <= set(ATTRS) and isinstance(data.get("morph", {}), dict)):
            raise ValueError(Errors.R014.format(name=name, expected=", ".join(ATTRS), found=repr(data)[:80]))
        labels = cls({})
        for attr in ("pos", "tag"):
            for value in data.get(attr, []):
                labels.add(attr, value, name)
        for feature, values in data.get("morph", {}).items():
            for value in values:
                labels.add("morph", f"{feature}={value}", name)
        return labels

    @classmethod
    def from_annotations(
        cls, annotations: Dict[str, Iterable[int]], vocab: Vocab, neg_prefix: str = "!"
    ) -> "TagLabels":
        """Collect labels from the distinct values of each attribute, sorted by name."""
        labels = cls({})
        labels.pos = sorted(_POS_NAMES[value] for value in annotations["pos"] if value)
        tags = [vocab.strings[value] for value in annotations["tag"] if value]
        labels.tag = sorted(tag for tag in tags if not _is_negative(tag, neg_prefix))
        morph: Dict[str, set] = {}
        for value in annotations["morph"]:
            for feature, feature_value in Morphology.feats_to_dict(vocab.strings[value] if value else "").items():
                morph.setdefault(feature, set()).add(feature_value)
        labels.morph = {feature: sorted(values) for feature, values in sorted(morph.items())}
        return labels


_POS_NAMES = {value: key for key, value in POS_IDS.items()}


class TagCodec:
    """Translates between spaCy's annotations (keys of the string store) and the groups of
    `TagLabels`, with tables, so that the work per token is one lookup in an array."""

    def __init__(self, labels: TagLabels, attrs: List[str], vocab: Vocab, neg_prefix: str = "!"):
        self.attrs = attrs
        self.vocab = vocab
        self.neg_prefix = neg_prefix
        self.groups = labels.groups(attrs)
        self.features = labels.morph
        self._keys: Dict[str, KeyArray] = {
            "pos": np.array([POS_IDS[pos] for pos in labels.pos], dtype=np.uint64),
            "tag": np.array([vocab.strings.add(tag) for tag in labels.tag], dtype=np.uint64),
        }
        self._gold: Dict[str, Dict[int, Tuple[int, ...]]] = {
            attr: {key: (i,) for i, key in enumerate(keys.tolist())} for attr, keys in self._keys.items()
        }
        self._gold["morph"] = {}
        self._morphs: Dict[bytes, int] = {}

    def encode(self, columns: Dict[str, KeyArray]) -> IntArray:
        """Gold annotations, one (n,) array an attribute, to the label of each group,
        (n, n_groups). Missing annotations and unknown labels are MISSING."""
        return np.concatenate([self._encode_attr(attr, columns[attr]) for attr in self.attrs], axis=1)

    def _encode_attr(self, attr: str, keys: KeyArray) -> IntArray:
        distinct, inverse = np.unique(keys, return_inverse=True)
        rows = [self._encode_key(attr, key) for key in distinct.tolist()]
        return np.array(rows, dtype=np.int64).reshape(len(rows), -1)[inverse.reshape(-1)]

    def _encode_key(self, attr: str, key: int) -> Tuple[int, ...]:
        known = self._gold[attr].get(key)
        if known is not None:
            return known
        if attr == "tag" and key and _is_negative(tag := self.vocab.strings[key], self.neg_prefix):
            positive = self._gold["tag"].get(self.vocab.strings[tag[len(self.neg_prefix) :]])
            return (MISSING,) if positive is None else (NEGATIVE - positive[0],)
        if attr != "morph":
            return (MISSING,)
        if key == 0:
            row = (MISSING,) * len(self.features)
        else:
            features = Morphology.feats_to_dict(self.vocab.strings[key])
            row = tuple(
                _index([NO_VALUE, *values], features.get(feature, NO_VALUE))
                for feature, values in self.features.items()
            )
        self._gold[attr][key] = row
        return row

    def by_attr(self, guesses: IntArray) -> Dict[str, IntArray]:
        """Cut the labels of all groups, (n, n_groups), into those of each attribute."""
        found, start = {}, 0
        for attr in self.attrs:
            width = len(self.features) if attr == "morph" else 1
            found[attr] = guesses[:, start : start + width]
            start += width
        return found

    def decode(self, attr: str, guesses: IntArray) -> KeyArray:
        """Labels of one attribute's groups, (n, n_groups), to annotations, (n,)."""
        if attr != "morph":
            return self._keys[attr][guesses[:, 0]]
        rows = np.ascontiguousarray(guesses.astype(np.uint16))
        joined = rows.view(np.dtype((np.void, rows.shape[1] * 2))).reshape(-1)
        distinct, first, inverse = np.unique(joined, return_index=True, return_inverse=True)
        keys = [self._morph_key(code, rows[row]) for code, row in zip(distinct.tolist(), first.tolist())]
        return np.array(keys, dtype=np.uint64)[inverse.reshape(-1)]

    def _morph_key(self, code: bytes, row: npt.NDArray[np.uint16]) -> int:
        key = self._morphs.get(code)
        if key is None:
            values = {
                feature: values[choice - 1]
                for (feature, values), choice in zip(self.features.items(), row.tolist())
                if choice
            }
            key = self._morphs[code] = self.vocab.morphology.add(values)
        return key


def _is_negative(tag: str, prefix: str) -> bool:
    return bool(prefix) and tag.startswith(prefix) and len(tag) > len(prefix)


def _index(values: List[str], value: str) -> int:
    return values.index(value) if value in values else MISSING
