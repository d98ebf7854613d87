"""The calibration error of entities."""

from typing import Iterable, List, Optional, Tuple

from spacy.tokens import Span
from spacy.training import Example

from ..calibration import calibration_error
from ..extensions import entity_prob


def entity_calibration(examples: Iterable[Example]) -> Optional[float]:
    """The expected calibration error of the probabilities of predicted entities, None if there are none. As in spaCy's
    scores, an entity counts if the gold annotation of its tokens is complete, and is right if its tokens and its label
    are."""
    found: List[Tuple[float, bool]] = []
    for example in examples:
        if not example.reference.has_annotation("ENT_IOB"):
            continue
        golds = {(ent.start, ent.end, ent.label_) for ent in example.reference.ents}
        for ent in example.predicted.ents:
            confidence, tokens = entity_prob(ent), _gold_tokens(example, ent)
            if confidence is not None and tokens is not None:
                found.append((confidence, (*tokens, ent.label_) in golds))
    return calibration_error(found)


def _gold_tokens(example: Example, ent: Span) -> Optional[Tuple[int, int]]:
    """The gold tokens that an entity covers, None if there are none or their annotation is missing."""
    aligned = example.alignment.x2y[ent.start : ent.end].tolist()
    if not aligned or any(token.ent_iob == 0 for token in example.reference[aligned[0] : aligned[-1] + 1]):
        return None
    return aligned[0], aligned[-1] + 1
