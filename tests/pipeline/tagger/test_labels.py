"""What the output columns mean, and the way from annotations to columns and back."""

from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.morphology import Morphology
from spacy.parts_of_speech import IDS
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp

from spacy_rnn.pipeline.strings import Strings
from spacy_rnn.pipeline.tagger.labels import MISSING, NEGATIVE, TagCodec, TagLabels

from ...helpers import SENTENCES, component, gold_doc, make_examples, tagger_nlp, trained_tagger

DATA: Dict[str, Any] = {
    "pos": ["NOUN", "VERB", "X"],
    "tag": ["NN", "VB"],
    "morph": {"Case": ["Acc", "Nom"], "Number": ["Sing"], "Tense": ["Past", "Pres"]},
    "morph_sets": ["Case=Nom|Number=Sing", "_"],
}
VOCAB = spacy.blank("xx").vocab
STRINGS = Strings([Doc(VOCAB)])

pos_values = st.sampled_from(DATA["pos"])
tag_values = st.sampled_from(DATA["tag"])
morph_values = st.fixed_dictionaries(
    {},
    optional={name: st.sampled_from(values) for name, values in DATA["morph"].items()},
)


def codec(**kwargs: Any) -> TagCodec:
    return TagCodec(TagLabels(DATA), ["pos", "tag", "morph"], VOCAB, **kwargs)


def keys(values: List[Any], attr: str = "") -> np.ndarray:
    if attr == "morph":
        return np.array([VOCAB.morphology.add(value) for value in values], dtype=np.uint64)
    return np.array([VOCAB.strings.add(value) if value else 0 for value in values], dtype=np.uint64)


def pos_keys(values: List[str]) -> np.ndarray:
    return np.array([IDS[value] for value in values], dtype=np.uint64)


@given(rows=st.lists(st.tuples(pos_values, tag_values, morph_values), min_size=1, max_size=8))
def test_encode_and_decode_are_inverse(rows: List[Any]) -> None:
    """Also for combinations of features that no training data shows together."""
    coder = codec()
    columns = {
        "pos": pos_keys([row[0] for row in rows]),
        "tag": keys([row[1] for row in rows]),
        "morph": keys([row[2] for row in rows], "morph"),
    }
    encoded = coder.encode(columns, STRINGS)
    assert encoded.shape == (len(rows), len(coder.groups)) and (encoded >= 0).all()
    scores: Any = np.zeros((len(rows), coder.width), dtype="f")
    for group, choices in zip(coder.groups.values(), encoded.T):
        scores[np.arange(len(rows)), group.start + choices] = 1.0
    decoded = coder.decode(lambda columns, tokens=slice(None): scores[tokens, columns])
    for attr, column in columns.items():
        assert decoded[attr].tolist() == column.tolist()
    for (_, _, morph), key in zip(rows, decoded["morph"].tolist()):
        assert Morphology.feats_to_dict(VOCAB.strings[key]) == morph


def test_groups_lie_side_by_side() -> None:
    groups = codec().groups
    assert list(groups) == ["pos", "tag", "morph", "morph=Case", "morph=Number", "morph=Tense"]
    assert [group.stop - group.start for group in groups.values()] == [3, 2, 3, 3, 2, 3]
    assert [group.start for group in groups.values()] == [0, 3, 5, 8, 11, 13]
    assert codec().width == 16


def test_missing_and_unknown_annotations() -> None:
    encoded = codec().encode(
        {
            "pos": np.array([0, pos_keys(["ADJ"])[0]], dtype=np.uint64),
            "tag": keys(["", "JJ"]),
            "morph": np.array([0, keys(["Case=Dat|Mood=Ind"], "morph")[0]], dtype=np.uint64),
        },
        STRINGS,
    )
    assert encoded[0].tolist() == [MISSING] * 6
    # The unknown value is missing; features that the word does not have are known.
    assert encoded[1].tolist() == [MISSING, MISSING, MISSING, MISSING, 0, 0]


def test_frequent_sets_and_composed_ones() -> None:
    """A set that is no label by itself is composed; its values are known either way."""
    sets = ["Case=Nom|Number=Sing", "Case=Nom", "", "Case=Dat|Number=Sing"]
    columns = {"pos": pos_keys(["X"] * 4), "tag": keys(["NN"] * 4), "morph": keys(sets, "morph")}
    unknown = [MISSING, MISSING, 1, 0]
    assert codec().encode(columns, STRINGS)[:, 2:].tolist() == [[1, 2, 1, 0], [0, 2, 0, 0], [2, 0, 0, 0], unknown]


def test_empty_features_are_not_missing() -> None:
    columns = {"pos": pos_keys(["X"]), "tag": keys(["NN"]), "morph": keys([""], "morph")}
    assert codec().encode(columns, STRINGS).tolist() == [[2, 0, 2, 0, 0, 0]]


@pytest.mark.parametrize(
    ("prefix", "tag", "expected"),
    [
        ("!", "!VB", NEGATIVE - 1),
        ("not-", "not-NN", NEGATIVE - 0),
        ("!", "!JJ", MISSING),
        ("!", "!", MISSING),
        ("", "!VB", MISSING),
    ],
)
def test_negative_tags(prefix: str, tag: str, expected: int) -> None:
    columns = {"pos": pos_keys(["X"]), "tag": keys([tag]), "morph": keys([""], "morph")}
    assert codec(neg_prefix=prefix).encode(columns, STRINGS)[0, 1] == expected


def test_negative_tags_are_no_labels() -> None:
    nlp = tagger_nlp()
    examples = make_examples(nlp, [[("a", "X", "!NN", ""), ("b", "X", "VB", ""), ("c", "X", "!", "")]])
    nlp.initialize(lambda: examples)
    assert component(nlp).label_data["tag"] == ["!", "VB"]


@given(data=st.data())
def test_data_round_trips(data: st.DataObject) -> None:
    names = st.text(st.characters(min_codepoint=65, max_codepoint=90), min_size=1, max_size=3)
    lists = st.lists(names, unique=True, max_size=3)
    value: Dict[str, Any] = {
        "pos": data.draw(st.lists(pos_values, unique=True)),
        "tag": data.draw(lists),
        "morph": data.draw(st.dictionaries(names, st.lists(names, unique=True, min_size=1, max_size=3), max_size=3)),
        "morph_sets": [],
    }
    labels = TagLabels.from_data(srsly.json_loads(srsly.json_dumps(value)), "tagger")
    assert labels.data == value
    rebuilt = TagLabels({})
    for name in labels.names:
        attr, _, label = name.partition("=")
        assert rebuilt.add(attr, label, "tagger")
        assert not rebuilt.add(attr, label, "tagger")
    assert rebuilt.data == value


@pytest.mark.parametrize("data", [["NN"], {"xpos": ["NN"]}, {"morph": ["Case=Nom"]}, {"pos": "NOUN"}, "NN"], ids=str)
def test_labels_of_another_kind_are_refused(data: Any) -> None:
    with pytest.raises(ValueError, match=r"R014.*'tagger'.*pos, tag, morph, morph_sets"):
        TagLabels.from_data(data, "tagger")


def test_add_label() -> None:
    nlp = tagger_nlp()
    tagger = component(nlp)
    assert [tagger.add_label(label) for label in ("pos=NOUN", "tag=N=N", "morph=Case=Nom", "pos=NOUN")] == [1, 1, 1, 0]
    assert tagger.labels == ("pos=NOUN", "tag=N=N", "morph=Case=Nom")
    assert tagger.label_data == {"pos": ["NOUN"], "tag": ["N=N"], "morph": {"Case": ["Nom"]}, "morph_sets": []}
    assert tagger.attrs == ["pos", "tag", "morph"]


@pytest.mark.parametrize("label", ["NOUN", "pos=", "lemma=be", "morph=Case", "morph=Case=", "morph==Nom", 7])
def test_labels_that_cannot_be_added(label: Any) -> None:
    tagger = component(tagger_nlp())
    with pytest.raises(ValueError, match=r"R015.*'rnn_tagger'"):
        tagger.add_label(label)
    assert tagger.labels == ()


@pytest.mark.parametrize(
    ("attrs", "label", "added"),
    [
        (["pos"], "NOUN", ["pos=NOUN"]),
        (["tag"], "NN", ["tag=NN"]),
        (["tag"], "N=N", ["tag=N=N"]),
        (["tag"], "tag=NN", ["tag=NN"]),
        (["morph"], "Case=Nom", ["morph=Case=Nom"]),
        (["morph"], "Case=Nom|Number=Sing", ["morph=Case=Nom", "morph=Number=Sing"]),
        (["morph", "pos"], "POS=NOUN|Case=Nom", ["pos=NOUN", "morph=Case=Nom"]),
        (None, "morph=Case=Nom|Number=Sing", ["morph=Case=Nom", "morph=Number=Sing"]),
    ],
)
def test_other_names_of_labels(attrs: Any, label: str, added: List[str]) -> None:
    tagger = component(tagger_nlp(attrs=attrs))
    assert [tagger.add_label(label), tagger.add_label(label)] == [1, 0]
    assert list(tagger.labels) == added


@pytest.mark.parametrize(
    ("attrs", "label"), [(["pos", "tag"], "NOUN"), (["pos", "morph"], "NOUN"), (["morph"], "Nom"), (["tag"], "")]
)
def test_other_names_have_to_be_clear(attrs: Any, label: str) -> None:
    tagger = component(tagger_nlp(attrs=attrs))
    with pytest.raises(ValueError, match="R015"):
        tagger.add_label(label)
    assert tagger.labels == ()


def test_part_of_speech_must_be_universal() -> None:
    with pytest.raises(ValueError, match=r"R017.*'NN'"):
        component(tagger_nlp()).add_label("pos=NN")


def test_labels_are_fixed_once_the_model_is_built() -> None:
    tagger = component(trained_tagger(1))
    assert tagger.add_label("pos=NOUN") == 0
    with pytest.raises(ValueError, match="R019.*tag=NEW"):
        tagger.add_label("tag=NEW")


def test_added_labels_survive_initialize() -> None:
    nlp = tagger_nlp()
    component(nlp).add_label("tag=NEW")
    nlp.initialize(lambda: make_examples(nlp))
    assert "tag=NEW" in component(nlp).labels
    assert "tag=NN" in component(nlp).labels


def collected(nlp: Language) -> Dict[str, Any]:
    nlp.initialize(lambda: make_examples(nlp))
    return component(nlp).label_data


def test_collected_labels() -> None:
    assert collected(tagger_nlp()) == {
        "pos": ["ADV", "DET", "INTJ", "NOUN", "PRON", "PUNCT", "VERB"],
        "tag": [".", "DT", "NN", "NNS", "PRP", "RB", "UH", "VBD", "VBP", "VBZ"],
        "morph": {
            "Definite": ["Def", "Ind"],
            "Gender": ["Fem"],
            "Number": ["Plur", "Sing"],
            "Tense": ["Past", "Pres"],
        },
        "morph_sets": ["_"],
    }


def test_init_labels_round_trip(tmp_path: Any) -> None:
    """Labels from a file, as `spacy init labels` writes it, make the same model."""
    nlp = tagger_nlp()
    data = collected(nlp)
    srsly.write_json(tmp_path / "rnn_tagger.json", data)
    DocBin(docs=[gold_doc(nlp, sentence) for sentence in SENTENCES]).to_disk(tmp_path / "train.spacy")
    config = tagger_nlp().config.copy()
    config["paths"]["train"] = config["paths"]["dev"] = str(tmp_path / "train.spacy")
    labels = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "rnn_tagger.json"), "require": True}
    config["initialize"]["components"]["rnn_tagger"] = {"labels": labels}
    read = init_nlp(config.interpolate())
    assert component(read).label_data == data
    assert component(read).model.get_ref("tok2vec").get_dim("nO") == 16


def test_labels_may_name_what_the_data_lacks() -> None:
    nlp = tagger_nlp()
    data = {**collected(nlp), "tag": ["OTHER"]}
    again = tagger_nlp()
    component(again).initialize(lambda: make_examples(again), nlp=again, labels=data)
    assert component(again).label_data["tag"] == ["OTHER"]
    again.update(make_examples(again), sgd=again.create_optimizer())
