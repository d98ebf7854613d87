"""Score taggers and parsers on the words as annotated, which papers report, and on raw text, which users have."""

from pathlib import Path
from typing import Dict, List

from spacy.language import Language
from spacy.training import Corpus, Example

from ..data.noise import conditions
from .result import Evaluation, read_examples, run

# The scorer's key of each attribute that is scored.
SCORES = {"pos_acc": "POS", "tag_acc": "TAG", "morph_acc": "MORPH", "dep_uas": "DEP", "dep_las": "DEP"}
# An attribute that fewer words than this carry is a slip of the annotators, and its score would say nothing.
LEAST_SHARE = 0.01


def evaluate(nlp: Language, corpus_dir: Path, split: str = "test", *, noise: bool = False) -> Dict[str, Evaluation]:
    """Score a pipeline on a folder made by `convert_treebank`, for the attributes that both have.

    noise: score the words as annotated also with the noise of `spacy_rnn.data.noise.conditions`.
    Returns "gold_words", on the words as annotated, "raw_text", where spaCy's tokenizer splits the text and a token
    that is not in the treebank counts as an error, and the names of the conditions. Raises CorpusError if the folder
    has no such split.
    """
    words, tokens = corpus_dir / f"{split}-words.spacy", corpus_dir / f"{split}.spacy"
    found = {
        "gold_words": _score(nlp, Corpus(words, gold_preproc=True), words),
        "raw_text": _score(nlp, Corpus(tokens), tokens),
    }
    for name, augmenter in conditions().items() if noise else ():
        found[name] = _score(nlp, Corpus(words, gold_preproc=True, augmenter=augmenter), words)
    return found


def _score(nlp: Language, corpus: Corpus, path: Path) -> Evaluation:
    examples = read_examples(nlp, corpus, path)
    found, n_words, speed = run(nlp, examples)
    doc = nlp("a")
    keys = [key for key in annotated_scores(examples) if doc.has_annotation(SCORES[key]) and found.get(key) is not None]
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
            counts["dep_uas"] += token.has_dep()
    counts["dep_las"] = counts["dep_uas"]
    return [key for key, found in counts.items() if found and found >= LEAST_SHARE * total]
