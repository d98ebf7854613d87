"""Score a tagger on the words as annotated, which is what papers report, and on raw text, which is what users have."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List

from spacy.language import Language
from spacy.training import Corpus, Example

from ..errors import CorpusError, Errors

# The scorer's key of each attribute, and the attribute's name in Universal Dependencies.
SCORES = {"pos_acc": "UPOS", "tag_acc": "XPOS", "morph_acc": "FEATS"}
ATTR_OF_SCORE = {"pos_acc": "POS", "tag_acc": "TAG", "morph_acc": "MORPH"}
# An attribute that fewer words than this carry is a slip of the annotators, and its score would say nothing.
LEAST_SHARE = 0.01


@dataclass
class Evaluation:
    """Scores in one setting: from 0 to 1, by the scorer's key, of the attributes that pipeline and corpus both have."""

    scores: Dict[str, float]
    words: int  # as the setting counts them
    words_per_second: float


def evaluate(nlp: Language, corpus_dir: Path, split: str = "test") -> Dict[str, Evaluation]:
    """Score a pipeline on a folder made by `convert_treebank`.

    Returns "gold_words", on the words as annotated, and "raw_text", where spaCy's tokenizer splits the text and a token
    that is not in the treebank counts as an error. Raises CorpusError if the folder has no such split.
    """
    return {
        "gold_words": score(nlp, corpus_dir / f"{split}-words.spacy", gold_words=True),
        "raw_text": score(nlp, corpus_dir / f"{split}.spacy", gold_words=False),
    }


def score(nlp: Language, path: Path, *, gold_words: bool) -> Evaluation:
    """Score a pipeline on one file of docs; `gold_words` keeps the file's own tokens."""
    if not path.is_file():
        raise CorpusError(Errors.D021.format(path=path))
    examples = list(Corpus(path, gold_preproc=gold_words)(nlp))
    result = nlp.evaluate(examples)
    annotated = annotated_scores(examples)
    keys = [key for key in SCORES if key in annotated and produces(nlp, ATTR_OF_SCORE[key])]
    return Evaluation(
        scores={key: float(result[key]) for key in keys if result.get(key) is not None},
        words=sum(len(example.predicted) for example in examples),
        words_per_second=float(result["speed"]),
    )


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


def produces(nlp: Language, attr: str) -> bool:
    """Whether the pipeline sets the attribute at all, judged by one word."""
    return bool(nlp("a").has_annotation(attr))


def evaluation_json(evaluations: Dict[str, Evaluation]) -> Dict[str, Any]:
    """The evaluations as plain data, to be written to a file."""
    return {
        name: {**found.scores, "words": found.words, "words_per_second": round(found.words_per_second)}
        for name, found in evaluations.items()
    }
