"""The gradients of all components of a pipeline for a batch."""

from typing import Any, Dict, List, Sequence

from spacy.language import Language
from spacy.training import Example, validate_examples

# The packages whose components do not change the documents that they learn from.
READERS = ("spacy", "spacy_rnn")


def add_gradients(
    nlp: Language,
    examples: List[Example],
    *,
    drop: float,
    losses: Dict[str, float],
    exclude: Sequence[str] = (),
    annotates: Sequence[str] = (),
) -> None:
    """Do what `nlp.update(examples, sgd=False)` does, with its arguments.

    `nlp.update` first copies every document, because a component might change it; for short texts, that takes as long
    as learning from them. Here they are copied only if a component annotates or comes from another package.
    """
    if not examples:
        return
    learning = [(name, pipe) for name, pipe in nlp.pipeline if name not in exclude and hasattr(pipe, "update")]
    if annotates or not all(type(pipe).__module__.split(".")[0] in READERS for _, pipe in learning):
        no_step: Any = False
        nlp.update(examples, drop=drop, losses=losses, sgd=no_step, exclude=exclude, annotates=annotates)
        return
    validate_examples(examples, "spacy_rnn.training.update.add_gradients")
    for _, pipe in learning:
        pipe.update(examples, sgd=None, losses=losses, drop=drop)
