"""What all components of a pipeline learn from a batch."""

from typing import Dict, List, Sequence

from spacy.language import Language
from spacy.training import Example, validate_examples

# The packages whose components only read the documents that they learn from.
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
    """The same as `nlp.update(examples, sgd=False)`, which copies every document first, since a component might change
    it: for short texts that takes as long as learning from them. Here they are only copied if one might: one that
    annotates, or one that is neither spaCy's nor ours.

    The arguments are those of `nlp.update`.
    """
    if not examples:
        return
    learning = [(name, pipe) for name, pipe in nlp.pipeline if name not in exclude and hasattr(pipe, "update")]
    if annotates or not all(type(pipe).__module__.split(".")[0] in READERS for _, pipe in learning):
        nlp.update(
            examples,
            drop=drop,
            losses=losses,
            sgd=False,  # type: ignore[arg-type]
            exclude=exclude,
            annotates=annotates,
        )
        return
    validate_examples(examples, "spacy_rnn.training.update.add_gradients")
    for _, pipe in learning:
        pipe.update(examples, sgd=None, losses=losses, drop=drop)
