"""Score a lemmatizer on gold tags, which is what it can do, and on predicted ones, which is what users have."""

from pathlib import Path
from typing import Dict, Optional

from spacy.language import Language
from spacy.training import Corpus

from ..data.gold_parse import build_gold_tag_corpus_v1
from ..errors import CorpusError, Errors
from .tagger import Evaluation

FACTORY = "rnn_lemmatizer"


def put_tagger_before(nlp: Language, tagger: Language) -> Language:
    """A lemmatizer behind the components of a pipeline that tags. Changes and returns `tagger`."""
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory == FACTORY:
            tagger.add_pipe(name, source=nlp)
            return tagger
    raise CorpusError(Errors.D173.format(factory=FACTORY, found=", ".join(nlp.pipe_names) or "none"))


def evaluate_lemmas(
    nlp: Language, corpus_dir: Path, split: str = "test", tagger: Optional[Language] = None
) -> Dict[str, Evaluation]:
    """Score a lemmatizer on the words of a folder made by `convert_treebank`.

    tagger: a pipeline that tags; the lemmatizer is added to it.
    Returns "gold_tags", and "predicted_tags" where there is a tagger. Raises CorpusError if the folder has no such
    split.
    """
    path = corpus_dir / f"{split}-words.spacy"
    if not path.is_file():
        raise CorpusError(Errors.D021.format(path=path))
    found = {"gold_tags": _score(nlp, list(build_gold_tag_corpus_v1(path)(nlp)))}
    if tagger is not None:
        both = put_tagger_before(nlp, tagger)
        found["predicted_tags"] = _score(both, list(Corpus(path, gold_preproc=True)(both)))
    return found


def _score(nlp: Language, examples: list) -> Evaluation:
    result = nlp.evaluate(examples)
    scores = {} if result.get("lemma_acc") is None else {"lemma_acc": float(result["lemma_acc"])}
    return Evaluation(scores, sum(len(example.predicted) for example in examples), float(result["speed"]))
