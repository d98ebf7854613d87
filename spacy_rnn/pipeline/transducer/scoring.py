"""Scores of the texts that a transducer wrote."""

from typing import Any, Callable, Dict, Iterable, List, Tuple

from spacy.matcher.levenshtein import levenshtein
from spacy.training import Example

from ..extensions import TRANSDUCED, read


def score_transductions(examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
    """Score predicted texts against those of the reference. Documents without a reference text are left out; if there
    are no others, there are no scores.

    RETURNS `transduced_acc`, the share of exact matches, and `transduced_cer`, the edits (Levenshtein 1966) for each
    character of the reference, None if no reference has a character. If sacrebleu is installed, also the corpus scores
    `transduced_chrf` (Popović 2015) and `transduced_bleu` (Papineni et al. 2002, as in Post 2018), from 0 to 1.
    """
    pairs: List[Tuple[str, str]] = [
        (read(example.predicted, TRANSDUCED) or "", read(example.reference, TRANSDUCED))
        for example in examples
        if read(example.reference, TRANSDUCED) is not None
    ]
    if not pairs:
        return {}
    edits, n_chars = sum(levenshtein(written, right) for written, right in pairs), sum(len(right) for _, right in pairs)
    scores = {
        "transduced_acc": sum(written == right for written, right in pairs) / len(pairs),
        "transduced_cer": edits / n_chars if n_chars else None,
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
