"""The scores of `tree_rnn`, of documents and of labelled phrases."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence

import numpy as np
from spacy.scorer import Scorer
from spacy.training import Example

from ...base.parses import read_trees
from ..extensions import TREE, read
from .gold import find_phrases, read_truths
from .targets import best_label


def score_trees(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    target: str = "exclusive",
    threshold: float = 0.5,
    spans_key: Optional[str] = None,
    **kwargs: Any,
) -> Dict[str, Any]:
    """Score documents and phrases. Scores without gold labels are left out, and the main score is None.

    Documents: the `cats_` scores of spaCy, `tree_acc` (the share with the right label, or with all labels right),
    `tree_mae` (the mean absolute error in steps of the order, or of values) and `tree_pearson` (the correlation, of
    values only). Phrases that are subtrees of the predicted parse: the same with the prefix `tree_phrase_`, and
    `tree_phrase_matched`, their share of the labelled phrases. `tree_score` is the main score: the accuracy, the macro
    F of several labels, or the correlation of values; of phrases if no document has a label.
    """
    examples = list(examples)
    labelled = [example for example in examples if example.reference.cats]
    scores: Dict[str, Any] = {}
    if labelled and target != "regression":
        found = Scorer.score_cats(
            labelled, "cats", labels=list(labels), multi_label=target == "multilabel", threshold=threshold
        )
        scores.update({name: value for name, value in found.items() if value is not None})
    phrases = find_phrases(examples, spans_key, read_trees([example.predicted for example in examples]))
    truths = read_truths(examples, phrases, labels, target, "tree_rnn")
    n = len(truths) - len(examples)
    predicted = [[example.predicted.cats.get(label, np.nan) for label in labels] for example in examples]
    values = np.array(predicted, dtype=np.float32).reshape(len(examples), len(labels))
    scores.update(_compare("tree_", values, truths[n:], target, threshold))
    kept = [read(example.predicted, TREE) for example in examples if len(example.predicted)]
    if phrases.labels:
        scores["tree_phrase_matched"] = float((phrases.nodes >= 0).mean())
    if phrases.labels and all(found is not None for found in kept):
        nodes = np.concatenate([found["scores"] for found in kept])
        scores.update(_compare("tree_phrase_", nodes, truths[:n], target, threshold))
    main = {"multilabel": ["cats_score", "tree_phrase_acc"], "regression": ["tree_pearson", "tree_phrase_pearson"]}
    chosen: List[str] = main.get(target, ["tree_acc", "tree_phrase_acc"])
    available = [scores[name] for name in chosen if name in scores]
    scores["tree_score"] = available[0] if available else None
    return scores


def _compare(prefix: str, values: Any, truths: Any, target: str, threshold: float) -> Dict[str, float]:
    """values, truths: (n, n_labels), NaN where unknown."""
    known = ~np.isnan(truths).any(axis=1) & ~np.isnan(values).any(axis=1)
    values, truths = values[known], truths[known]
    if not len(values):
        return {}
    if target == "regression":
        found = {f"{prefix}mae": float(np.abs(values - truths).mean())}
        if len(values) > 1 and (values.std(axis=0) > 0).all() and (truths.std(axis=0) > 0).all():
            pairs = zip(values.T, truths.T)
            found[f"{prefix}pearson"] = float(np.mean([np.corrcoef(one, other)[0, 1] for one, other in pairs]))
        return found
    if target == "multilabel":
        return {f"{prefix}acc": float(((values >= threshold) == (truths >= 0.5)).all(axis=1).mean())}
    steps = np.abs(best_label(values, target, threshold) - best_label(truths, target, threshold))
    accuracy = {f"{prefix}acc": float((steps == 0).mean())}
    return {**accuracy, f"{prefix}mae": float(steps.mean())} if target == "ordinal" else accuracy


def make_tree_scorer() -> Callable:
    """Registered as "spacy-rnn.tree_scorer.v1"."""
    return score_trees
