"""Documents with other vocabularies than the component's: keys are read with the strings of the document that they come
from, and the strings of what is written are in the document's own store."""

from typing import Any, Callable, Dict, List, Tuple

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import fix_random_seed

from spacy_rnn.pipeline.extensions import TRANSDUCED, assign, read

from ..helpers import component, make_examples, tagger_nlp
from ..tree_helpers import LABELS, reviews, tree_nlp
from .lemmatizer.lemmas import SENTENCES, lemma_examples, lemmatizer_nlp
from .ner.entities import ent_examples, ner_nlp
from .parser.parsers import parser_nlp, tree_examples
from .spancat.nested import span_examples, spancat_nlp
from .texts import make_texts, textcat_nlp
from .transducer.transducers import CHARS, pair_examples, transducer_nlp

Make = Callable[[], Language]
Corpus = Callable[[Language], List[Example]]
COMPONENTS: Dict[str, Tuple[Make, Corpus]] = {
    "tagger": (lambda: tagger_nlp(neg_prefix="!"), lambda nlp: make_examples(nlp)),
    "parser": (parser_nlp, lambda nlp: tree_examples(nlp)),
    "parser of sentences": (lambda: parser_nlp(sentences="predict"), lambda nlp: tree_examples(nlp)),
    "ner": (lambda: ner_nlp(save_probs=True), lambda nlp: ent_examples(nlp)),
    "spancat": (lambda: spancat_nlp(save_probs=True, threshold=0.1), lambda nlp: span_examples(nlp)),
    "textcat": (textcat_nlp, make_texts),
    "tree": (lambda: tree_nlp(component={"spans_key": "tree", "save_spans": True}), reviews),
    "lemmatizer": (lemmatizer_nlp, lambda nlp: lemma_examples(nlp, SENTENCES[:6])),
    "lemmatizer of predicted tags": (
        lambda: lemmatizer_nlp(train_on="predicted"),
        lambda nlp: lemma_examples(nlp, SENTENCES[:6]),
    ),
    "transducer": (transducer_nlp, lambda nlp: pair_examples(nlp, CHARS)),
}
EVERY = pytest.mark.parametrize("name", COMPONENTS)


def other_vocab(nlp: Language) -> Vocab:
    """A vocabulary of the same language, without the strings of this one."""
    return spacy.blank(nlp.lang or "xx").vocab


def moved(doc: Doc, vocab: Vocab) -> Doc:
    """The same document with another vocabulary."""
    result = Doc(vocab).from_bytes(doc.to_bytes(exclude=["user_data"]))
    target = read(doc, TRANSDUCED)
    if target is not None:
        assign(result, TRANSDUCED, target)
    return result


def elsewhere(nlp: Language, examples: List[Example]) -> List[Example]:
    """The same examples: the documents have one new vocabulary, the references another one."""
    one, other = other_vocab(nlp), other_vocab(nlp)
    return [Example(moved(example.predicted, one), moved(example.reference, other)) for example in examples]


def annotations(doc: Doc) -> Any:
    """All that a component may have written, as strings."""
    tokens = [
        (token.text, token.pos_, token.tag_, str(token.morph), token.lemma_, token.head.i, token.dep_) for token in doc
    ]
    spans = {key: [(span.start, span.end, span.label_) for span in group] for key, group in doc.spans.items()}
    spans["ents"] = [(ent.start, ent.end, ent.label_) for ent in doc.ents]
    return tokens, spans, read(doc, TRANSDUCED), {label: round(value, 4) for label, value in doc.cats.items()}


def trained(name: str, place: Callable[[Language, List[Example]], List[Example]], steps: int = 12) -> Any:
    """A pipeline that was trained on the examples of a place, its examples, and its losses."""
    make, corpus = COMPONENTS[name]
    fix_random_seed(0)
    nlp = make()
    examples = place(nlp, corpus(nlp))
    fix_random_seed(0)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    losses: List[Dict[str, float]] = []
    for _ in range(steps):
        losses.append(nlp.update(examples, sgd=optimizer, drop=0.1))
    return nlp, COMPONENTS[name][1](nlp), losses


@EVERY
def test_predictions_are_the_same(name: str) -> None:
    """In a batch of many vocabularies, and the annotations can be sent on."""
    nlp, examples, _ = trained(name, lambda nlp, examples: examples)
    right = [annotations(doc) for doc in nlp.pipe([example.predicted.copy() for example in examples])]
    several = [moved(example.predicted, other_vocab(nlp)) for example in examples]
    shared = other_vocab(nlp)
    for docs in (several, [moved(example.predicted, shared) for example in examples]):
        done = list(nlp.pipe(docs))
        assert [annotations(doc) for doc in done] == right
        sent = [Doc(Vocab()).from_bytes(doc.to_bytes()) for doc in done]
        assert [annotations(doc) for doc in sent] == right
    pipe: Any = nlp.get_pipe(nlp.pipe_names[-1])
    for example in examples:
        assert pipe(moved(example.predicted, other_vocab(nlp))) is not None


@EVERY
def test_training_is_the_same(name: str) -> None:
    """Also where the component's vocabulary has none of the gold values."""
    nlp, examples, losses = trained(name, lambda nlp, examples: examples)
    other, _, same = trained(name, elsewhere)
    (pipe_name,) = nlp.pipe_names
    assert component(other, pipe_name).label_data == component(nlp, pipe_name).label_data
    assert [loss[pipe_name] for loss in same] == pytest.approx([loss[pipe_name] for loss in losses], rel=1e-4)
    right = [annotations(doc) for doc in nlp.pipe([example.predicted.copy() for example in examples])]
    found = [annotations(doc) for doc in other.pipe([moved(e.predicted, other.vocab) for e in examples])]
    assert found == right


@EVERY
def test_scores_are_the_same(name: str) -> None:
    nlp, examples, _ = trained(name, lambda nlp, examples: examples)
    right = nlp.evaluate(COMPONENTS[name][1](nlp))
    found = nlp.evaluate(elsewhere(nlp, examples))
    assert {**found, "speed": 0} == {**right, "speed": 0}


@EVERY
def test_rehearsal_and_mixed_batches(name: str) -> None:
    """Each document and each reference has a vocabulary of its own."""
    nlp, examples, _ = trained(name, lambda nlp, examples: examples)
    optimizer = nlp.resume_training()
    mixed = [pair for example in examples for pair in elsewhere(nlp, [example])]
    for step in (nlp.update, nlp.rehearse) if name != "tree" else (nlp.update,):
        losses = step(mixed, sgd=optimizer, losses={})
        assert all(loss == loss for loss in losses.values())


@pytest.mark.parametrize("name", ["tagger", "parser", "ner", "spancat", "tree", "lemmatizer"])
def test_labels_survive_memory_zones_of_the_documents(name: str) -> None:
    """What was first written in a memory zone of another vocabulary can be written again after it."""
    nlp, examples, _ = trained(name, lambda nlp, examples: examples)
    vocab = other_vocab(nlp)
    data = [example.predicted.to_bytes(exclude=["user_data"]) for example in examples]
    for _ in range(2):
        with vocab.memory_zone():
            done = list(nlp.pipe([Doc(vocab).from_bytes(one) for one in data]))
            inside = [annotations(doc) for doc in done]
            del done
    after = list(nlp.pipe([Doc(vocab).from_bytes(one) for one in data]))
    assert [annotations(doc) for doc in after] == inside


def test_features_that_are_added_to_those_of_the_document() -> None:
    """With `extend`, both sets are read and written with the document's strings."""
    nlp, examples, _ = trained("tagger", lambda nlp, examples: examples)
    component(nlp).cfg["extend"] = True
    doc = moved(examples[0].predicted, other_vocab(nlp))
    for token in doc:
        token.set_morph("Own=Yes")  # type: ignore[attr-defined]
    right = [str(token.morph) for token in nlp(examples[0].predicted.copy())]
    found = [token.morph.to_dict() for token in nlp(doc)]
    expected = [{**dict(part.split("=") for part in one.split("|") if part), "Own": "Yes"} for one in right]
    assert found == expected


def test_phrases_of_other_tokens() -> None:
    """Labels of spans that are aligned to other tokens."""
    nlp, _, _ = trained("tree", lambda nlp, examples: examples)
    predicted = Doc(other_vocab(nlp), words=["a", "good", "fi", "lm"], spaces=[True, True, False, False],
                    heads=[2, 2, 2, 2], deps=["det", "amod", "ROOT", "dep"])  # fmt: skip
    reference = Doc(other_vocab(nlp), words=["a", "good", "film"])
    reference.spans["tree"] = [Span(reference, 1, 2, label="high"), Span(reference, 0, 3, label="low")]
    reference.cats = {label: float(label == "high") for label in LABELS}
    losses = nlp.update([Example(predicted, reference)], losses={})
    assert losses["tree_rnn"] > 0
    assert nlp.evaluate([Example(predicted, reference)])["tree_phrase_matched"] == 1.0


@pytest.mark.parametrize(
    ("make", "label", "string"),
    [
        (tagger_nlp, "tag=NEWS", "NEWS"),
        (parser_nlp, "newsy", "newsy"),
        (ner_nlp, "NEWS", "NEWS"),
        (lambda: tree_nlp(), "news", "news"),
    ],
    ids=["tagger", "parser", "ner", "tree"],
)
def test_added_labels_are_strings_before_and_after_loading(make: Make, label: str, string: str) -> None:
    nlp, other = make(), make()
    pipe, loaded = (one.get_pipe(one.pipe_names[0]) for one in (nlp, other))
    assert string not in nlp.vocab.strings
    pipe.add_label(label)  # type: ignore[attr-defined]
    assert string in nlp.vocab.strings
    loaded.from_bytes(pipe.to_bytes(exclude=["vocab"]), exclude=["vocab"])  # type: ignore[attr-defined]
    assert string in other.vocab.strings
