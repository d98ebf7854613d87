"""Noise in examples: annotation is kept, and the same seed gives the same noise."""

import json
import random
from pathlib import Path
from typing import Any, Dict, List, Tuple, Union

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span, Token
from spacy.training import Corpus, Example
from spacy.util import registry

from spacy_rnn.data.gold_parse import build_gold_parse_corpus_v1, build_gold_tag_corpus_v1
from spacy_rnn.data.noise import Noise, NoisyExample, conditions, in_epoch
from spacy_rnn.data.text_pairs import build_transducer_corpus_v1
from spacy_rnn.data.textcat_corpus import build_textcat_corpus_v1
from spacy_rnn.errors import SettingError

from ...helpers import ODD_TEXTS, documents

KINDS = ("lower", "upper", "diacritics", "typos", "doubled", "final_punct")
ENTITIES = ["ENT_IOB", "ENT_TYPE", "ENT_ID", "ENT_KB_ID"]
TOKEN_ATTRS: List[Union[int, str]] = ["TAG", "POS", "MORPH", "LEMMA", "DEP", "SENT_START", "SPACY", *ENTITIES]
EXTENSIONS = (Doc, "noise_doc"), (Token, "noise_token"), (Span, "noise_span")


@pytest.fixture(scope="module")
def nlp() -> Any:
    for owner, name in EXTENSIONS:
        owner.set_extension(name, default=None)
    yield spacy.blank("en")
    for owner, name in EXTENSIONS:
        owner.remove_extension(name)


def annotated(nlp: Language, words: List[str], numbers: random.Random) -> Doc:
    """Every annotation that a document can have, each missing here and there."""
    n = len(words)

    def some(values: List[Any]) -> List[Any]:
        return [numbers.choice(values) for _ in words]

    settings: Dict[str, Any] = {"words": words, "spaces": [numbers.random() < 0.7 for _ in words]}
    if n and numbers.random() < 0.9:
        root = numbers.randrange(n)
        settings.update(
            tags=some(["NN", "VB", ""]),
            pos=some(["NOUN", "VERB", ""]),
            morphs=some(["Number=Sing", "", "_"]),
            lemmas=some(["be", "go", ""]),
            ents=some(["O", "B-PER", None]),
        )
        if numbers.random() < 0.6:
            heads = [root] * n if numbers.random() < 0.5 else some([*range(n), None])
            settings.update(heads=heads, deps=["ROOT" if i == root else numbers.choice(["x", ""]) for i in range(n)])
        else:
            settings.update(sent_starts=[numbers.choice([True, False, None]) for _ in words])
    doc = Doc(nlp.vocab, **settings)
    doc.cats, doc.sentiment = {"x": 1.0, "y": 0.0}, 0.5
    doc.user_data["mine"] = {"a": [1]}
    doc._.noise_doc = "kept"
    doc.user_hooks["vector"] = len
    for i in range(0, n, 2):
        doc[i]._.noise_token, doc[i].norm_ = i, f"norm{i}"
    if n > 2:
        spans = [Span(doc, 0, 2, label="l", kb_id="k", span_id="s"), Span(doc, 1, n - 1, label="m")]
        doc.spans["sc"], doc.spans["none"] = spans, []
        doc.spans["sc"].attrs["a"] = 1
        spans[1]._.noise_span = "here"
    return doc


def content(doc: Doc) -> Tuple[Any, ...]:
    """Whatever noise keeps, for a document whose last token may be lost."""

    def about(span: Span) -> Tuple[Any, ...]:
        return span.start, span.end, span.label, span.kb_id, span.id, span._.noise_span

    return (
        doc.to_array(TOKEN_ATTRS).tolist(),
        [(token.head.i, token._.noise_token, token.has_morph()) for token in doc],
        [[child.i for child in token.children] for token in doc],
        [(ent.start, ent.end, ent.label) for ent in doc.ents],
        *(doc.has_annotation(name) for name in ("DEP", "TAG", "ENT_IOB", "SENT_START", "LEMMA")),
        {name: (group.attrs, list(map(about, group))) for name, group in doc.spans.items()},
        doc.cats, doc.sentiment, doc.user_data["mine"], doc._.noise_doc, doc.user_hooks, doc.has_unknown_spaces,
    )  # fmt: skip


texts = documents | st.sampled_from([text.split() for text in ODD_TEXTS]) | st.just(["Where", "is", "the", "café", "?"])


@pytest.mark.parametrize("kind", KINDS)
@given(words=texts, seed=st.integers(0, 99))
def test_annotation_is_kept(nlp: Language, kind: str, words: List[str], seed: int) -> None:
    """By each kind alone, in both documents of an example; nothing is changed in place."""
    doc = annotated(nlp, words, random.Random(seed))
    predicted = annotated(nlp, words, random.Random(seed + 1))
    before = content(doc), content(predicted), doc.text
    noise = Noise(**{kind: 1.0}, seed=seed)
    (noisy,) = noise(nlp, Example(predicted, doc))
    assert (content(doc), content(predicted), doc.text) == before
    for old, new in ((doc, noisy.reference), (predicted, noisy.predicted)):
        assert new.vocab is old.vocab
        assert all(token.text for token in new)
        if len(new) == len(old):
            assert content(new) == content(old)
            same = [(one.norm_ == other.norm_) for one, other in zip(old, new) if one.text == other.text]
            assert all(same)
        else:
            kept = [attr for attr in TOKEN_ATTRS if attr != "SPACY"]
            assert kind == "final_punct" and [token.text for token in new] == words[:-1]
            assert np.array_equal(new.to_array(kept), old.to_array(kept)[:-1])
            assert [token.head.i for token in new] == [token.head.i for token in old][:-1]
    assert [token.text for token in noisy.predicted] == [token.text for token in noisy.reference]


@given(words=texts, seed=st.integers(0, 99))
def test_no_noise_changes_nothing(nlp: Language, words: List[str], seed: int) -> None:
    example = Example(Doc(nlp.vocab, words=words), annotated(nlp, words, random.Random(seed)))
    for noise in (Noise(), Noise(seed=seed)):
        for _ in range(3):
            (same,) = noise(nlp, example)
            assert (same.predicted, same.reference) == (example.predicted, example.reference)


SENTENCE = "Careless writers make several small mistakes while typing longer sentences quickly ."


def noisy_texts(nlp: Language, noise: Noise, epochs: int = 1, n: int = 5) -> List[List[str]]:
    doc = Doc(nlp.vocab, words=SENTENCE.split())
    examples = noise.examples(nlp, [Example(doc.copy(), doc)] * n)
    return [[example.text for example in in_epoch(nlp, examples, epoch)] for epoch in range(epochs)]


def test_seeds(nlp: Language) -> None:
    """The same seed gives the same noise, another example, epoch or seed gives other noise."""
    settings: Dict[str, Any] = {"upper": 0.3, "typos": 0.5, "final_punct": 0.5}
    first = noisy_texts(nlp, Noise(seed=1, **settings), epochs=3)
    assert first == noisy_texts(nlp, Noise(seed=1, **settings), epochs=3)
    everything = [text for epoch in first for text in epoch]
    assert len(set(everything)) == len(everything) == 15
    assert not set(everything) & {text for epoch in noisy_texts(nlp, Noise(seed=2, **settings), 3) for text in epoch}
    random.seed(5)
    drawn = noisy_texts(nlp, Noise(**settings))
    assert drawn != noisy_texts(nlp, Noise(**settings))
    random.seed(5)
    assert drawn == noisy_texts(nlp, Noise(**settings))


def test_epochs_in_any_order(nlp: Language) -> None:
    """The noise of an epoch is the same whatever was drawn before."""
    doc = Doc(nlp.vocab, words=SENTENCE.split())
    (example,) = Noise(typos=0.5, seed=1)(nlp, Example(doc.copy(), doc))
    assert isinstance(example, NoisyExample)
    first = [example.in_epoch(nlp, epoch).text for epoch in (0, 1, 2)]
    random.random()
    assert [example.in_epoch(nlp, epoch).text for epoch in (2, 0, 1)] == [first[2], first[0], first[1]]
    assert first[0] == example.text and example.clean.text == doc.text


@pytest.mark.parametrize("kind", KINDS)
def test_rates(nlp: Language, kind: str) -> None:
    """About so many documents, or words, change."""
    words = ["Não", "é", "só", "uma", "ideia", "ação", "ÉTICA", "."]
    doc = Doc(nlp.vocab, words=words)
    examples = Noise(**{kind: 0.3}, seed=0).examples(nlp, [Example(doc.copy(), doc)] * 500)
    if kind in ("typos", "doubled"):
        longer = [i for i, word in enumerate(words) if len(word) > 2]
        changed = sum(example.reference[i].text != words[i] for example in examples for i in longer)
        share = changed / (500 * len(longer))
    else:
        share = sum(example.reference.text != doc.text for example in examples) / 500
    assert 0.23 < share < 0.37


def test_slips_in_upper_case(nlp: Language) -> None:
    doc = Doc(nlp.vocab, words=SENTENCE.split())
    (example,) = Noise(upper=1.0, typos=1.0, seed=0)(nlp, Example(doc.copy(), doc))
    assert example.text.isupper() and example.text != doc.text.upper()


def test_final_punctuation_that_is_needed(nlp: Language) -> None:
    """Stays where other tokens, entities or spans depend on it, or nothing else is there."""

    def ending(**settings: Any) -> str:
        doc = Doc(nlp.vocab, **{"words": ["Go", "home", "."], **settings})
        if settings.get("words") == ["Etc", "!"]:
            doc.spans["sc"] = [Span(doc, 0, 2, label="x")]
        (example,) = Noise(final_punct=1.0, seed=0)(nlp, Example(doc.copy(), doc))
        return example.text

    assert ending() == ending(heads=[0, 0, 0], deps=["ROOT", "obj", "punct"]) == "Go home "
    assert ending(spaces=[True, False, False]) == "Go home"
    assert ending(words=["Go", "home", "?!"]) == "Go home "
    for kept in (
        {"heads": [0, 2, 0], "deps": ["ROOT", "x", "punct"]},
        {"ents": ["O", "B-X", "I-X"]},
        {"sent_starts": [True, False, True]},
        {"words": ["."]},
        {"words": ["Go", ","]},
        {"words": ["Etc", "!"]},
    ):
        assert ending(**kept).split()[-1] in (".", ",", "!")


def test_other_tokens_than_the_reference(nlp: Language) -> None:
    """The text of a document that the tokenizer made is tokenized again."""
    reference = Doc(nlp.vocab, words=["Don't", "go"], tags=["MD", "VB"])
    (example,) = Noise(lower=1.0)(nlp, Example(nlp.make_doc("Don't go "), reference))
    assert [token.text for token in example.predicted] == ["do", "n't", "go"]
    assert [token.text for token in example.reference] == ["don't", "go"]
    assert example.get_aligned("TAG", as_string=True) == ["MD", "MD", "VB"]


def test_several_vocabularies(nlp: Language) -> None:
    reference = Doc(spacy.blank("en").vocab, words=["Unseen", "words"], tags=["NEW", "NEW"])
    (example,) = Noise(upper=1.0)(nlp, Example(Doc(nlp.vocab, words=["Unseen", "words"]), reference))
    assert [token.tag_ for token in example.reference] == ["NEW", "NEW"]
    assert example.predicted.text == example.reference.text == "UNSEEN WORDS "


def test_corpora(nlp: Language, tmp_path: Path) -> None:
    """spaCy's reader and ours take it from a config, and keep what they put into predicted documents."""
    doc = Doc(nlp.vocab, words=["Go", "home"], tags=["VB", "RB"], heads=[0, 0], deps=["ROOT", "advmod"])
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"text": "Go home", "label": "x", "source": "Go home", "target": "Stay"}), encoding="utf8"
    )
    build = registry.get("augmenters", "spacy-rnn.Noise.v1")
    upper = build(lower=0.0, upper=1.0, diacritics=0.0, typos=0.0, final_punct=0.0)
    parse = build_gold_parse_corpus_v1(tmp_path / "a.spacy", augmenter=upper)
    tags = build_gold_tag_corpus_v1(tmp_path / "a.spacy", augmenter=upper)
    labelled = build_textcat_corpus_v1(tmp_path / "a.jsonl", augmenter=upper)
    pairs = build_transducer_corpus_v1(tmp_path / "a.jsonl", augmenter=upper)
    for read in (Corpus(tmp_path / "a.spacy", augmenter=upper), parse, tags, labelled, pairs):
        (example,) = read(nlp)
        assert example.predicted.text.strip() == example.reference.text.strip() == "GO HOME"
    (example,) = parse(nlp)
    assert [token.dep_ for token in example.predicted] == ["ROOT", "advmod"]
    (example,) = tags(nlp)
    assert [token.tag_ for token in example.predicted] == ["VB", "RB"]
    (example,) = labelled(nlp)
    assert example.reference.cats == {"x": 1.0} and not example.predicted.cats
    (example,) = pairs(nlp)
    assert example.reference._.transduced == "Stay"


def test_conditions_are_alike_each_time(nlp: Language) -> None:
    first, second = ({name: noisy_texts(nlp, noise) for name, noise in conditions().items()} for _ in range(2))
    assert first == second
    assert first["lower case"][0][0] == SENTENCE.lower() + " "


@pytest.mark.parametrize(
    "settings", [{"lower": -0.1}, {"typos": 1.1}, {"lower": 0.6, "upper": 0.6}, {"typos": 0.6, "doubled": 0.6}]
)
def test_wrong_rates(settings: Dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="R005"):
        Noise(**settings)
