"""The component `tree_rnn`, which labels documents and the subtrees of their dependency parses."""

from dataclasses import replace
from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ...base.checks import check_at_least, check_choice, check_share
from ...base.distributed import all_reduce
from ...base.parses import ParsedDocs
from ...errors import AnnotationError, Errors, NotInitializedError, SettingError, TrainingError
from ...models.types import TreeScores
from ..defaults import DEFAULT_EMBED
from ..extensions import TREE, register
from ..labels import LabelListMixin
from .annotate import keep_subtrees, write_spans
from .gold import collect_labels, find_phrases, read_truths
from .scoring import make_tree_scorer
from .targets import TARGETS, Target, best_label, score_width, to_values, tree_loss

DEFAULT_MODEL = f"""
[model]
@architectures = "spacy-rnn.TreeRNN.v1"

[model.tok2vec]
@architectures = "spacy-rnn.TreeEncoder.v1"

{DEFAULT_EMBED}
"""

# With fewer labels there is nothing to distinguish.
_LEAST_LABELS = {"exclusive": 2, "ordinal": 2}


@Language.factory(
    "tree_rnn",
    assigns=["doc.cats", "doc.spans", "token._.tree_label", "token._.tree_scores", "token._.tree_vector"],
    requires=["token.head", "token.dep"],
    default_config={
        "model": Config().from_str(DEFAULT_MODEL)["model"],
        "target": "exclusive",
        "threshold": 0.5,
        "spans_key": "tree",
        "phrase_weight": 1.0,
        "save_scores": True,
        "save_vectors": False,
        "save_spans": False,
        "scorer": {"@scorers": "spacy-rnn.tree_scorer.v1"},
    },
    default_score_weights={"tree_score": 1.0, "tree_acc": None, "tree_phrase_acc": None, "cats_score": None},
)
def make_tree_rnn(
    nlp: Language,
    name: str,
    model: Model[List[Doc], TreeScores],
    target: Target,
    threshold: float,
    spans_key: Optional[str],
    phrase_weight: float,
    save_scores: bool,
    save_vectors: bool,
    save_spans: bool,
    scorer: Optional[Callable],
) -> "TreeRNN":
    """Construct the component; see `TreeRNN` for the settings."""
    return TreeRNN(
        nlp.vocab,
        model,
        name,
        target=target,
        threshold=threshold,
        spans_key=spans_key,
        phrase_weight=phrase_weight,
        save_scores=save_scores,
        save_vectors=save_vectors,
        save_spans=save_spans,
        scorer=scorer,
    )


class TreeRNN(LabelListMixin, TrainablePipe):
    """Labels documents (`doc.cats`) and the subtrees of their dependency parses.

    It learns from `doc.cats` and from labelled phrases, the spans in `doc.spans[spans_key]`. A phrase counts if it is
    exactly the span of a subtree; a phrase that is a whole sentence labels the sentence. With target = "regression",
    the label of a phrase is a number, or name=number.

    target: "exclusive" (one label of several), "multilabel" (any number of labels), "ordinal" (one of several labels
        that have an order, such as stars) or "regression" (`doc.cats` holds values).
    threshold: the least probability of a label, with target = "multilabel".
    spans_key: of the labelled phrases; None learns from `doc.cats` alone.
    phrase_weight: the weight of a phrase in training, where a document has weight 1.
    save_scores: keep the labels and probabilities of all subtrees, for `token._.tree_label`, `token._.tree_scores` and,
        of sentences, `span._.tree_label` and `span._.tree_scores`.
    save_vectors: keep the states of all subtrees, for `token._.tree_vector`.
    save_spans: store the labelled subtrees in `doc.spans[spans_key]`.

    Raises SettingError for a setting out of range.
    """

    LEARNED = ("labels", "target")
    KEPT = (
        ("save_scores", "token._.tree_label"),
        ("save_scores", "token._.tree_scores"),
        ("save_vectors", "token._.tree_vector"),
        ("save_spans", "doc.spans"),
    )

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], TreeScores],
        name: str = "tree_rnn",
        *,
        target: str = "exclusive",
        threshold: float = 0.5,
        spans_key: Optional[str] = "tree",
        phrase_weight: float = 1.0,
        save_scores: bool = True,
        save_vectors: bool = False,
        save_spans: bool = False,
        scorer: Optional[Callable] = None,
    ):
        check_choice("target", target, TARGETS)
        check_share("threshold", threshold)
        check_at_least("phrase_weight", phrase_weight, 0)
        if save_spans and spans_key is None:
            raise SettingError(Errors.R157.format(name=name))
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer if scorer is not None else make_tree_scorer()
        self.cfg: Dict[str, Any] = {
            "labels": [],
            "target": target,
            "threshold": threshold,
            "spans_key": spans_key,
            "phrase_weight": phrase_weight,
            "save_scores": save_scores,
            "save_vectors": save_vectors,
            "save_spans": save_spans,
        }
        self._remember_settings()
        if save_scores or save_vectors:
            register(TREE, "tree_label", "tree_scores", "tree_vector")

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> TreeScores:
        """RETURNS the probabilities or values of all labels, for every node and every document. Raises
        NotInitializedError without labels, and AnnotationError for a document without a parse."""
        if not self.labels:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        scores = self.model.predict(ParsedDocs.read(list(docs), self.name))
        to_numpy, target = self.model.ops.to_numpy, self.cfg["target"]
        nodes, documents = (to_values(to_numpy(part), target) for part in (scores.nodes, scores.docs))
        return TreeScores(nodes, documents, to_numpy(scores.vectors), scores.trees)

    def set_annotations(self, docs: Iterable[Doc], prediction: TreeScores) -> None:
        """Write `doc.cats`, and of the subtrees what the settings ask for."""
        docs, cfg, labels = list(docs), self.cfg, self.label_data
        best = best_label(prediction.nodes, cfg["target"], cfg["threshold"])
        end = 0
        for doc, values in zip(docs, prediction.docs.tolist()):
            start, end = end, end + len(doc)
            doc.cats.update(zip(labels, values))
            if cfg["save_scores"] or cfg["save_vectors"]:
                vectors = prediction.vectors[start:end] if cfg["save_vectors"] else None
                keep_subtrees(doc, labels, prediction.nodes[start:end], best[start:end], vectors)
        if cfg["save_spans"]:
            write_spans(docs, cfg["spans_key"], labels, best, prediction.trees)

    # ---- training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[List[str]] = None,
    ) -> None:
        """Prepare for training, and log how many labelled phrases are subtrees.

        get_examples: returns a representative sample of the training data.
        labels: all labels, ordered ones from low to high; None collects them from the examples.
        Raises AnnotationError without enough labels.
        """
        validate_get_examples(get_examples, "TreeRNN.initialize")
        spacy.util.check_lexeme_norms(self.vocab, "tree_rnn")
        key, target = self.cfg["spans_key"], self.cfg["target"]
        found = collect_labels(get_examples(), key, target)
        if found.n_parsed:
            message = "%s: %d of %d labelled phrases (%.1f%%) are subtrees of the parse"
            share = 100 * found.n_matched / found.n_parsed
            spacy.util.logger.info(message, self.name, found.n_matched, found.n_parsed, share)
        if labels is None:
            if not found.n_docs and not found.n_phrases and not self.labels:
                raise AnnotationError(Errors.R153.format(name=self.name, key=key))
            labels = [*self.labels, *self._in_order(found.labels.difference(self.labels))]
        if len(labels) < _LEAST_LABELS.get(target, 1):
            least = _LEAST_LABELS.get(target, 1)
            raise AnnotationError(Errors.R155.format(name=self.name, target=target, n=least, labels=", ".join(labels)))
        self.cfg["labels"] = list(labels)
        sample = [example.x for example in islice(get_examples(), 10)]
        width = score_width(target, len(labels))
        self.model.initialize(X=sample, Y=self.model.ops.alloc2f(1, width))

    def _in_order(self, labels: Iterable[str]) -> List[str]:
        """Sort numbers by size and other labels by name. Ordered labels must be numbers."""
        try:
            return sorted(labels, key=float)
        except ValueError:
            if self.cfg["target"] == "ordinal":
                raise AnnotationError(Errors.R154.format(name=self.name, labels=", ".join(sorted(labels)))) from None
            return sorted(labels)

    def _inputs(self, examples: List[Example]) -> ParsedDocs:
        return ParsedDocs.read([example.predicted for example in examples], self.name)

    def get_loss(self, examples: Iterable[Example], scores: TreeScores) -> Tuple[float, TreeScores]:
        """The mean loss over documents and phrases, by their weights, and its gradient. Documents without a category,
        phrases that are not subtrees, and unknown labels do not count. Raises TrainingError for a loss that is not
        finite."""
        examples, xp = list(examples), self.model.ops.xp
        phrases = find_phrases(examples, self.cfg["spans_key"] if self.cfg["phrase_weight"] else None, scores.trees)
        truths = read_truths(examples, phrases, self.labels, self.cfg["target"], self.name)
        n = len(scores.nodes)
        weights = np.ones(len(truths), dtype=np.float32)
        weights[:n] = self.cfg["phrase_weight"]
        weights *= ~np.isnan(truths).all(axis=1)
        joined = xp.concatenate([scores.nodes, scores.docs])
        losses, gradient = tree_loss(joined, xp.asarray(truths), self.cfg["target"])
        n_weighted = max(1.0, all_reduce(float(weights.sum())))
        loss = float((losses * xp.asarray(weights)).sum()) / n_weighted
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        gradient = gradient * xp.asarray(weights / n_weighted)[:, None]
        gradient = gradient.astype("f")
        return loss, replace(scores, nodes=gradient[:n], docs=gradient[n:])

    # ---- scoring and loading

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        """See `score_trees`."""
        return dict(self.scorer(examples, **{**self.cfg, "labels": self.labels, **kwargs}))
