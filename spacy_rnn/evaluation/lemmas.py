"""Score a lemmatizer on gold tags, which is what it can do, and on predicted ones, which is what users have."""

from pathlib import Path
from typing import Dict, Optional

from spacy.language import Language
from spacy.training import Corpus

from ..data.gold_parse import build_gold_tag_corpus_v1
from ..data.spacy_files import Reader
from ..errors import CorpusError, Errors
from .result import Evaluation, check_scored, read_examples, run

FACTORY = "rnn_lemmatizer"


def put_tagger_before(nlp: Language, tagger: Language) -> Language:
    """Put a lemmatizer behind the components of a pipeline that tags. Changes and returns `tagger`. Raises CorpusError
    if there is no lemmatizer in `nlp`, or a component of its name in `tagger`."""
    name = find_lemmatizer(nlp)
    if name in tagger.pipe_names:
        raise CorpusError(Errors.D174.format(name=name))
    tagger.add_pipe(name, source=nlp)
    return tagger


def find_lemmatizer(nlp: Language) -> str:
    """The name of a pipeline's `rnn_lemmatizer`. Raises CorpusError if there is none."""
    for name in nlp.pipe_names:
        if nlp.get_pipe_meta(name).factory == FACTORY:
            return name
    raise CorpusError(Errors.D173.format(factory=FACTORY, found=", ".join(nlp.pipe_names) or "none"))


def evaluate_lemmas(
    nlp: Language, corpus_dir: Path, split: str = "test", tagger: Optional[Language] = None
) -> Dict[str, Evaluation]:
    """Score a lemmatizer on the words of a folder made by `convert_treebank`.

    tagger: a pipeline that tags; the lemmatizer is part of it meanwhile.
    Returns "gold_tags", and "predicted_tags" where there is a tagger. Raises CorpusError if the folder has no such
    split, or the pipeline no lemmatizer.
    """
    find_lemmatizer(nlp)
    path = corpus_dir / f"{split}-words.spacy"
    found = {"gold_tags": _score(nlp, build_gold_tag_corpus_v1(path), path)}
    if tagger is not None:
        both = put_tagger_before(nlp, tagger)
        try:
            found["predicted_tags"] = _score(both, Corpus(path, gold_preproc=True), path)
        finally:
            both.remove_pipe(find_lemmatizer(nlp))
    return found


def _score(nlp: Language, read: Reader, path: Path) -> Evaluation:
    found, n_words, speed = run(nlp, read_examples(nlp, read, path))
    scores = {} if found.get("lemma_acc") is None else {"lemma_acc": float(found["lemma_acc"])}
    check_scored(nlp, scores, path)
    return Evaluation(scores, {"words": n_words, "words_per_second": speed})
