"""Score what is said of words and sentences: on the words as annotated, which papers report, and on raw text, which
users have."""

from pathlib import Path
from typing import Dict, List, Optional

from spacy.language import Language
from spacy.training import Corpus, Example

from ..data.joined import build_joined_corpus_v1
from ..data.noise import Augmenter, conditions
from ..data.spacy_files import Reader
from .result import Evaluation, read_examples, run

# The scorer's key of each attribute that is scored.
SCORES = {
    "pos_acc": "POS",
    "tag_acc": "TAG",
    "morph_acc": "MORPH",
    "lemma_acc": "LEMMA",
    "dep_uas": "DEP",
    "dep_las": "DEP",
    "ents_f": "ENT_IOB",
}
# An attribute that fewer words than this carry is a slip of the annotators, and its score would say nothing.
LEAST_SHARE = 0.01
# Sentences to a document, for pipelines that find sentences.
SENTENCES = 10


def evaluate(nlp: Language, corpus_dir: Path, split: str = "test", *, noise: bool = False) -> Dict[str, Evaluation]:
    """Score a pipeline on a folder made by `convert_treebank`, for the attributes that both have.

    noise: score the words as annotated also with the noise of `spacy_rnn.data.noise.conditions`.
    Returns "gold_words", on the words and sentences as annotated, "raw_text", where spaCy's tokenizer splits the text
    and a token that is not in the treebank counts as an error, and the names of the conditions; for a pipeline that
    finds sentences also "documents", raw text of SENTENCES sentences each. Raises CorpusError if the folder has no such
    split.
    """
    tokens = corpus_dir / f"{split}.spacy"
    found = {"gold_words": evaluate_words(nlp, corpus_dir, split), "raw_text": _score(nlp, Corpus(tokens), tokens)}
    if nlp("a b").has_annotation("SENT_START"):
        found["documents"] = _score(nlp, build_joined_corpus_v1(tokens, SENTENCES), tokens, sentences=True)
    for name, augmenter in conditions().items() if noise else ():
        found[name] = evaluate_words(nlp, corpus_dir, split, augmenter)
    return found


def evaluate_words(
    nlp: Language, corpus_dir: Path, split: str = "test", augmenter: Optional[Augmenter] = None
) -> Evaluation:
    """Score a pipeline on the words and sentences as annotated. augmenter: is given the examples."""
    path = corpus_dir / f"{split}-words.spacy"
    return _score(nlp, Corpus(path, gold_preproc=True, augmenter=augmenter), path, one_sentence=True)


def _score(
    nlp: Language, corpus: Reader, path: Path, *, one_sentence: bool = False, sentences: bool = False
) -> Evaluation:
    """one_sentence: tell the pipeline that each document is one. sentences: score them, too."""
    examples = read_examples(nlp, corpus, path)
    for example in examples if one_sentence else ():
        for token in example.predicted[1:]:
            token.is_sent_start = False
    found, n_words, speed = run(nlp, examples)
    doc = nlp("a")
    keys = [key for key in annotated_scores(examples) if doc.has_annotation(SCORES[key]) and found.get(key) is not None]
    keys += ["sents_f"] if sentences and found.get("sents_f") is not None else []
    return Evaluation({key: float(found[key]) for key in keys}, {"words": n_words, "words_per_second": speed})


def annotated_scores(examples: List[Example]) -> List[str]:
    """The scores whose attribute the reference annotates on enough words."""
    total = sum(len(example.reference) for example in examples)
    counts = dict.fromkeys(SCORES, 0)
    for example in examples:
        for token in example.reference:
            counts["pos_acc"] += token.pos != 0
            counts["tag_acc"] += token.tag != 0
            counts["morph_acc"] += token.has_morph()
            counts["lemma_acc"] += token.lemma != 0
            counts["dep_uas"] += token.has_dep()
            counts["ents_f"] += token.ent_iob != 0
    counts["dep_las"] = counts["dep_uas"]
    return [key for key, found in counts.items() if found and found >= LEAST_SHARE * total]
