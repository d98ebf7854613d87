"""The calibration error of spans."""

from typing import Iterable, List, Optional, Tuple

from spacy.training import Example

from ..calibration import calibration_error


def span_calibration(examples: Iterable[Example], key: str) -> Optional[float]:
    """The expected calibration error of the probabilities of predicted spans, None if there are none. As in spaCy's
    scores, a span counts if the gold document has a group of that key and gold tokens stand for it, and is right if its
    tokens and its label are."""
    found: List[Tuple[float, bool]] = []
    for example in examples:
        if key not in example.reference.spans or key not in example.predicted.spans:
            continue
        golds = {(span.start, span.end, span.label_) for span in example.reference.spans[key]}
        group = example.predicted.spans[key]
        for span, probability in zip(group, group.attrs.get("scores", ())):
            for aligned in example.get_aligned_spans_x2y([span], allow_overlap=True):
                found.append((float(probability), (aligned.start, aligned.end, span.label_) in golds))
    return calibration_error(found)
