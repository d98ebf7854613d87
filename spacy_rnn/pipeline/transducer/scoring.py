"""Scores of texts that were written against those that were to be written."""

from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

import numpy as np
from spacy.training import Example

from .texts import TRANSDUCED


def score_transductions(examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
    """The share of texts that were written exactly (`transduced_acc`), the edits that the others need for each
    character of the right text (`transduced_cer`), and, where sacrebleu is installed, the corpus scores chrF
    (`transduced_chrf`; Popović 2015) and BLEU (`transduced_bleu`; Papineni et al. 2002, as Post 2018 computes it), from
    0 to 1. Documents without a right text do not count; without any, there are no scores."""
    pairs: List[Tuple[str, str]] = [
        (example.predicted._.get(TRANSDUCED) or "", example.reference._.get(TRANSDUCED))
        for example in examples
        if example.reference.has_extension(TRANSDUCED) and example.reference._.get(TRANSDUCED) is not None
    ]
    if not pairs:
        return {}
    edits = sum(edit_distance(written, right) for written, right in pairs)
    scores = {
        "transduced_acc": sum(written == right for written, right in pairs) / len(pairs),
        "transduced_cer": edits / max(1, sum(len(right) for _, right in pairs)),
    }
    try:
        import sacrebleu
    except ImportError:
        return scores
    written, right = map(list, zip(*pairs))
    scores["transduced_chrf"] = sacrebleu.corpus_chrf(written, [right]).score / 100
    scores["transduced_bleu"] = sacrebleu.corpus_bleu(written, [right]).score / 100
    return scores


def make_transducer_scorer() -> Callable:
    """Registered as "spacy-rnn.transducer_scorer.v1"."""
    return score_transductions


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """The fewest insertions, deletions and replacements that make one text of the other (Levenshtein 1966)."""
    if first == second:
        return 0
    letters = np.array([ord(letter) for letter in second], dtype=np.int64)
    places = np.arange(len(letters) + 1)
    row = places
    for i, letter in enumerate(first, start=1):
        changed = np.minimum(row[:-1] + (letters != ord(letter)), row[1:] + 1)
        row = np.concatenate([[i], changed])
        # An insertion costs one a place, so along a row the least of what lies before it is what counts.
        row = np.minimum.accumulate(row - places) + places
    return int(row[-1])
