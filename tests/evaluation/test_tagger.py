"""Scores on words as annotated and on raw text, and configs fitted to a treebank."""

from pathlib import Path
from typing import Any, Dict, Iterable

import pytest
import spacy
from spacy.language import Language
from spacy.pipeline.dep_parser import parser_score
from spacy.pipeline.senter import senter_score
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config
from thinc.api import Config

from spacy_rnn.data.configure import LEAST_EVALUATIONS, LEAST_STEPS, configure
from spacy_rnn.data.convert import convert_treebank, read_stats
from spacy_rnn.errors import CorpusError
from spacy_rnn.evaluation.tagger import evaluate

from ..data.treebank import SENTENCE, row, sentence, write_splits
from ..helpers import ROOT

POS = {"Vi": "VERB", "a": "DET", "casa": "NOUN", "da": "ADP", "de": "NOUN", "avó": "NOUN", ".": "PUNCT"}
CONFIG = """
[paths]
train = null
dev = null

[nlp]
lang = "xx"
pipeline = []

[nlp.tokenizer]
@tokenizers = "spacy.Tokenizer.v1"

[training]
max_steps = {max_steps}
eval_frequency = {eval_frequency}

[training.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 3
tolerance = 0.2

[initialize]
before_init = null
"""


class TagByForm:
    """Knows the parts of speech of some forms, and scores them."""

    def __call__(self, doc: Doc) -> Doc:
        for token in doc:
            token.pos_ = POS.get(token.text, "X")
        return doc

    def score(self, examples: Iterable[Example], **settings: Any) -> Dict[str, Any]:
        return Scorer.score_token_attr(examples, "pos", **settings)


@Language.factory("tag_by_form")
def make_tag_by_form(nlp: Language, name: str) -> TagByForm:
    return TagByForm()


class ScoreSentences:
    def __call__(self, doc: Doc) -> Doc:
        return doc

    def score(self, examples: Iterable[Example], **settings: Any) -> Dict[str, Any]:
        return dict(senter_score(list(examples), **settings))


@Language.factory("senter_score")
def make_senter_score(nlp: Language, name: str) -> ScoreSentences:
    return ScoreSentences()


class HangOnTheFirst:
    """The first word is the root, and the head of all others, which are modifiers of a noun."""

    def __call__(self, doc: Doc) -> Doc:
        heads = [0] * len(doc)
        return Doc(doc.vocab, words=[token.text for token in doc], spaces=[bool(token.whitespace_) for token in doc],
                   heads=heads, deps=["ROOT", *["nmod"] * (len(doc) - 1)])  # fmt: skip

    def score(self, examples: Iterable[Example], **settings: Any) -> Dict[str, Any]:
        return dict(parser_score(list(examples), **settings))


@Language.factory("hang_on_the_first")
def make_hang_on_the_first(nlp: Language, name: str) -> HangOnTheFirst:
    return HangOnTheFirst()


@pytest.fixture
def nlp() -> Language:
    nlp = spacy.blank("pt")
    nlp.add_pipe("tag_by_form")
    return nlp


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    convert_treebank(write_splits(tmp_path / "source"), tmp_path / "corpus")
    return tmp_path / "corpus"


def test_both_settings(nlp: Language, corpus: Path) -> None:
    found = {name: own.to_json() for name, own in evaluate(nlp, corpus).items()}
    assert all(setting.pop("words_per_second") > 0 for setting in found.values())
    # "de" is wrong among the annotated words, and is no token of the text.
    assert found["gold_words"] == {"pos_acc": pytest.approx(6 / 7), "words": 7}
    assert found["raw_text"] == {"pos_acc": pytest.approx(1.0), "words": 6}


def test_noise(nlp: Language, corpus: Path) -> None:
    found = evaluate(nlp, corpus, noise=True)
    assert list(found) == ["gold_words", "raw_text", "lower case", "UPPER CASE", "no diacritics", "5% typos"]
    # "Vi" is known in its own case, "avó" with its accent.
    right = {name: round(7 * own.scores["pos_acc"]) for name, own in found.items() if name != "raw_text"}
    assert right == {"gold_words": 6, "lower case": 5, "UPPER CASE": 1, "no diacritics": 5, "5% typos": 6}


def test_trees(corpus: Path) -> None:
    """Of seven words, the root and two others have the right head, none of the others the right label; punctuation does
    not count where it is known to be some."""
    nlp = spacy.blank("pt")
    nlp.add_pipe("hang_on_the_first")
    scores = evaluate(nlp, corpus)["gold_words"].scores
    assert scores == {"dep_uas": pytest.approx(2 * 2 / (7 + 6)), "dep_las": pytest.approx(2 * 1 / (7 + 6))}


def test_sentences(tmp_path: Path) -> None:
    """Words are scored in their sentences as annotated; documents of several show which sentences were found."""
    convert_treebank(write_splits(tmp_path / "source", "\n".join([SENTENCE] * 3)), tmp_path / "corpus")
    nlp = spacy.blank("pt")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["casa"], "overwrite": False})
    nlp.add_pipe("senter_score")
    found = evaluate(nlp, tmp_path / "corpus")
    assert list(found) == ["gold_words", "raw_text", "documents"] and "sents_f" not in found["gold_words"].scores
    # All end in the wrong place.
    assert found["documents"].scores["sents_f"] == 0
    nlp.remove_pipe("sentencizer")
    nlp.add_pipe("sentencizer", first=True)
    assert evaluate(nlp, tmp_path / "corpus")["documents"].scores["sents_f"] == 1


def test_attributes_that_only_the_corpus_or_only_the_pipeline_has(nlp: Language, tmp_path: Path) -> None:
    bare = sentence([row(1, "a", 0, xpos="D"), row(2, "casa", 1, xpos="N")])
    convert_treebank(write_splits(tmp_path / "source", bare), tmp_path / "corpus")
    assert evaluate(nlp, tmp_path / "corpus")["gold_words"].scores == {}


def test_stray_annotation_is_not_scored(nlp: Language, tmp_path: Path) -> None:
    rows = [row(n, "a", n - 1, upos="DET" if n == 1 else "_") for n in range(1, 200)]
    convert_treebank(write_splits(tmp_path / "source", sentence(rows)), tmp_path / "corpus")
    assert evaluate(nlp, tmp_path / "corpus")["gold_words"].scores == {}


def test_missing_corpus(nlp: Language, corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="D021"):
        evaluate(nlp, tmp_path)
    with pytest.raises(CorpusError, match="D021"):
        evaluate(nlp, corpus, "tests")
    with pytest.raises(CorpusError, match="D021"):
        read_stats(tmp_path)
    for text in ("{", "[]", '{"splits": {}}', '{"splits": {"train": {"x": 1}}}'):
        (corpus / "stats.json").write_text(text)
        with pytest.raises(CorpusError, match="D023.*stats.json"):
            read_stats(corpus)


def fit(corpus: Path, max_steps: int, eval_frequency: int = 200, callback: str = "null") -> Config:
    path = corpus.parent / "in.cfg"
    text = CONFIG.format(max_steps=max_steps, eval_frequency=eval_frequency)
    path.write_text(text.replace("before_init = null", f"before_init = {callback}"), encoding="utf8")
    configure(path, corpus, corpus.parent / "made" / "out.cfg", threads=2)
    return load_config(corpus.parent / "made" / "out.cfg")


def test_config_fits_the_treebank(corpus: Path) -> None:
    config = fit(corpus, 100)
    assert config["nlp"]["lang"] == "pt"
    assert config["nlp"]["tokenizer"] == read_stats(corpus).tokenizer
    assert config["paths"] == {"train": str(corpus / "train.spacy"), "dev": str(corpus / "dev.spacy")}
    assert config["initialize"]["before_init"] == {"@callbacks": "spacy-rnn.SetThreads.v1", "threads": 2}
    assert config["training"]["max_steps"] == 100


def test_config_keeps_its_own_callback(corpus: Path) -> None:
    assert fit(corpus, 100, callback='{"@callbacks":"mine.v1"}')["initialize"]["before_init"]["@callbacks"] == "mine.v1"


@pytest.mark.parametrize("max_steps", [0, 100_000])
def test_small_treebank_is_not_passed_over_for_ever(corpus: Path, max_steps: int) -> None:
    # Six tokens are two batches of three, which allow fewer steps than the least.
    training = fit(corpus, max_steps, eval_frequency=1000)["training"]
    assert training["max_steps"] == LEAST_STEPS
    assert training["eval_frequency"] == LEAST_STEPS / LEAST_EVALUATIONS


def test_components_without_annotation_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Those of a whole pipeline; one that is alone is told when it is trained."""
    bare = sentence([row(i + 1, word, upos="X", feats="A=B") for i, word in enumerate(["a", "casa"])])
    convert_treebank(write_splits(tmp_path / "source", bare), tmp_path / "corpus")
    configs = ROOT / "project" / "configs"
    with caplog.at_level("WARNING", "spacy"):
        configure(configs / "whole.cfg", tmp_path / "corpus", tmp_path / "config.cfg")
    config = load_config(tmp_path / "config.cfg")
    assert config["nlp"]["pipeline"] == ["tok2vec", "rnn_tagger"] == list(config["components"])
    weights = config["training"]["score_weights"]
    assert {name for name, weight in weights.items() if weight} == {"pos_acc", "morph_acc", "sents_f"}
    configure(ROOT / "project" / "parsing" / "configs" / "parser.cfg", tmp_path / "corpus", tmp_path / "config.cfg")
    assert load_config(tmp_path / "config.cfg")["nlp"]["pipeline"] == ["rnn_parser"]


def test_rate_falls_over_the_steps_that_remain(corpus: Path, tmp_path: Path) -> None:
    shipped = ROOT / "project" / "configs" / "tagger.cfg"
    configure(shipped, corpus, tmp_path / "config.cfg", max_steps=7)
    training = load_config(tmp_path / "config.cfg")["training"]
    assert training["max_steps"] == training["optimizer"]["learn_rate"]["total_steps"] == 7


def test_korean_config_has_the_stand_in_tokenizer(tmp_path: Path) -> None:
    convert_treebank(write_splits(tmp_path / "source", SENTENCE, "ko_test"), tmp_path / "corpus")
    config = fit(tmp_path / "corpus", 1)
    nlp = spacy.blank(config["nlp"]["lang"], config={"nlp": {"tokenizer": config["nlp"]["tokenizer"]}})
    assert len(nlp("a b")) == 2
