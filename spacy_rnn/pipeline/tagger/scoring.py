"""Scores of the tagger, by spaCy's own scorers."""

from typing import Any, Callable, Dict, Iterable, List, Optional

from spacy.pipeline.morphologizer import morphologizer_score
from spacy.pipeline.tagger import tagger_score
from spacy.training import Example

from ..annotate import ATTRS
from ..strings import add_strings


def score_tags(examples: Iterable[Example], *, attrs: Optional[List[str]] = None, **kwargs: Any) -> Dict[str, Any]:
    """spaCy's scores for tagger and morphologizer, restricted to some attributes. Scores are left out if the gold data
    lacks the annotation.

    attrs: any of "pos", "tag" and "morph"; None for all.
    """
    examples = list(examples)
    for example in examples:
        # The scorer reads the features of both documents with the strings of one.
        add_strings(example.reference.vocab, example.predicted, "morph")
    wanted = tuple(f"{attr}_" for attr in (ATTRS if attrs is None else attrs))
    scores = {**tagger_score(examples, **kwargs), **morphologizer_score(examples, **kwargs)}
    return {name: value for name, value in scores.items() if name.startswith(wanted) and value is not None}


def make_tagger_scorer() -> Callable:
    """Registered as "spacy-rnn.tagger_scorer.v1"."""
    return score_tags
