"""Score a tagger on the words as annotated, which is what papers report, and on raw text, which is what users have."""

from pathlib import Path
from typing import Dict, List

from spacy.language import Language
from spacy.training import Corpus, Example

from .result import Evaluation, read_examples, run

# The scorer's key of each attribute that is scored.
SCORES = {"pos_acc": "POS", "tag_acc": "TAG", "morph_acc": "MORPH"}
# An attribute that fewer words than this carry is a slip of the annotators, and its score would say nothing.
LEAST_SHARE = 0.01


def evaluate(nlp: Language, corpus_dir: Path, split: str = "test") -> Dict[str, Evaluation]:
    """Score a pipeline on a folder made by `convert_treebank`, for the attributes that both have.

    Returns "gold_words", on the words as annotated, and "raw_text", where spaCy's tokenizer splits the text and a token
    that is not in the treebank counts as an error. Raises CorpusError if the folder has no such split.
    """
    return {
        "gold_words": _score(nlp, corpus_dir / f"{split}-words.spacy", gold_words=True),
        "raw_text": _score(nlp, corpus_dir / f"{split}.spacy", gold_words=False),
    }


def _score(nlp: Language, path: Path, *, gold_words: bool) -> Evaluation:
    """gold_words: keep the file's own tokens."""
    examples = read_examples(nlp, Corpus(path, gold_preproc=gold_words), path)
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
    return [key for key, found in counts.items() if found and found >= LEAST_SHARE * total]
