"""The component `rnn_ner`: named entities."""

from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np
import spacy.util
from spacy.language import Language
from spacy.pipeline.ner import ner_score
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.util import logger
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats1d

from ...base.checks import check_at_least
from ...base.distributed import all_reduce
from ...base.entities import UNKNOWN, EntitySearch, EntityTargets
from ...errors import AnnotationError, Errors, NotInitializedError, TrainingError
from ...models.types import EntityInput, EntityModel
from ..base import GetLoss, Prepare, RehearsalMixin
from ..defaults import DEFAULT_EMBED
from ..extensions import ENT_PROBS, register
from ..labels import LabelListMixin
from .annotate import Prediction, write_entities
from .gold import GoldTags, read_gold
from .scoring import entity_calibration
from .tokens import Tokens

DEFAULT_MODEL = f"""
[model]
@architectures = "spacy-rnn.NER.v1"

[model.tok2vec]
@architectures = "spacy-rnn.RNNEncoder.v1"

{DEFAULT_EMBED}
[model.tok2vec.encode]
@architectures = "spacy-rnn.RNN.v1"
depth = 1
"""


@Language.factory(
    "rnn_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", "doc._.rnn_ent_probs"],
    default_config={
        "model": Config().from_str(DEFAULT_MODEL)["model"],
        "max_length": 1000,
        "save_probs": False,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_rnn_ner(
    nlp: Language, name: str, model: Model, max_length: int, save_probs: bool, scorer: Optional[Callable]
) -> "RNNEntityRecognizer":
    """Construct the component; see `RNNEntityRecognizer` for the settings."""
    return RNNEntityRecognizer(nlp.vocab, model, name, max_length=max_length, save_probs=save_probs, scorer=scorer)


class RNNEntityRecognizer(RehearsalMixin, LabelListMixin):
    """Predicts `doc.ents`.

    Entities that a document has already are kept, and so are blocked tokens (see `Doc.set_ents`). An entity neither
    begins nor ends with whitespace, and does not cross the start of a sentence that the document knows of.

    max_length: a sentence, or a document without sentences, is cut after so many tokens, and no entity crosses a cut.
        Memory grows with it.
    save_probs: keep the marginal probability of each entity in `span._.prob`, and score its calibration.

    Raises SettingError for settings out of range.
    """

    LEARNED = ("labels",)
    KEPT = (("save_probs", "doc._.rnn_ent_probs"),)

    model: EntityModel

    def __init__(
        self,
        vocab: Vocab,
        model: EntityModel,
        name: str = "rnn_ner",
        *,
        max_length: int = 1000,
        save_probs: bool = False,
        scorer: Optional[Callable] = ner_score,
    ):
        check_at_least("max_length", max_length, 1)
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self._rehearsal_model: Optional[Model] = None
        self._has_reported = False
        self.cfg: Dict[str, Any] = {"labels": [], "max_length": max_length, "save_probs": save_probs}
        self._remember_settings()
        if save_probs:
            register(ENT_PROBS, "prob")

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the best entities. Raises NotInitializedError without labels."""
        docs = list(docs)
        tokens = Tokens.read(docs)
        if not len(tokens.kept):
            return Prediction(np.zeros(0, dtype=np.int64), tokens.kept, self.labels)
        if not self.labels:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        search = EntitySearch(tokens.limits, self.cfg["save_probs"])
        found: Any = self.model.predict(EntityInput(docs, tokens.pieces(self.cfg["max_length"]), search))
        return Prediction(found.tags, tokens.kept, self.labels, found.probabilities)

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Add entities to the documents."""
        write_entities(list(docs), prediction)

    # ---- training

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[List[str]] = None,
    ) -> None:
        """Prepare for training.

        get_examples: returns a representative sample of the training data.
        labels: as `spacy init labels` writes them; None to collect them from the sample.

        Raises AnnotationError if there are no labels.
        """
        validate_get_examples(get_examples, "RNNEntityRecognizer.initialize")
        spacy.util.check_lexeme_norms(self.vocab, "rnn_ner")
        found = self._collect_labels(get_examples()) if labels is None else self._check_labels(labels)
        self.cfg["labels"] = list(dict.fromkeys([*self.labels, *found]))
        if not self.labels:
            raise AnnotationError(Errors.R130.format(name=self.name))
        from ...models.ner import set_labels  # on use: it brings torch

        set_labels(self.model, len(self.labels))
        sample: Any = [example.x for example in islice(get_examples(), 10)]
        self.model.initialize(X=sample)

    def _collect_labels(self, examples: Iterable[Example]) -> List[str]:
        """The labels of gold entities, sorted. Logs how many of these cannot be learned."""
        n_entities = n_learned = 0
        found = set()
        for example in examples:
            own = sorted({ent.label_ for ent in example.reference.ents})
            found.update(own)
            gold, _ = self._read_gold([example], own)
            n_entities, n_learned = n_entities + gold.n_entities, n_learned + gold.n_learned
        self._has_reported = False
        self._report(n_entities, n_learned)
        return sorted(found)

    def _check_labels(self, labels: Any) -> List[str]:
        if not isinstance(labels, (list, tuple)) or not all(isinstance(label, str) and label for label in labels):
            raise AnnotationError(Errors.R131.format(name=self.name, found=labels))
        return list(labels)

    def _inputs(self, examples: List[Example]) -> Optional[EntityInput]:
        gold, pieces = self._read_gold(examples, self.label_data)
        self._report(gold.n_entities, gold.n_learned)
        if (gold.tags == UNKNOWN).all():
            return None
        return EntityInput([example.predicted for example in examples], pieces, EntityTargets(gold.tags))

    def _read_gold(self, examples: List[Example], labels: List[str]) -> Tuple[GoldTags, Any]:
        """The gold tags, and the lengths of the pieces."""
        tokens = Tokens.read([example.predicted for example in examples])
        pieces = tokens.pieces(self.cfg["max_length"])
        return read_gold(examples, tokens, pieces, labels), pieces

    def _report(self, n_entities: int, n_learned: int) -> None:
        """Say once that entities cannot be learned."""
        if n_learned < n_entities and not self._has_reported:
            self._has_reported = True
            message = (
                "%s: %d of %d entities cannot be learned and are left out: no tokens stand for them, they begin or end "
                "with whitespace, they cross the start of a sentence, or they have another label"
            )
            logger.warning(message, self.name, n_entities - n_learned, n_entities)

    def get_loss(self, examples: Iterable[Example], scores: Floats1d) -> Tuple[float, Floats1d]:
        """The loss, summed over the pieces of documents, and the gradient of its mean over tokens. Raises TrainingError
        if it is not finite.

        scores: (n_pieces,), the log-probabilities of what is known.
        """
        array: Any = scores
        loss = -float(array.sum())
        if not np.isfinite(loss):
            raise TrainingError(Errors.R013.format(name=self.name))
        n_tokens = self._n_losses(list(examples), scores)
        gradient: Any = self.model.ops.xp.full_like(scores, -1.0 / max(1, all_reduce(n_tokens)))
        return loss, gradient

    def _n_losses(self, examples: List[Example], scores: Any) -> int:
        """The tokens."""
        return sum(len(example.predicted) for example in examples)

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """The entities of the teacher are the targets (Kim & Rush 2016, sect. 3.2)."""

        def prepare(examples: List[Example]) -> EntityInput:
            docs = [example.predicted for example in examples]
            tokens = Tokens.read(docs)
            pieces = tokens.pieces(self.cfg["max_length"])
            found: Any = teacher.predict(EntityInput(docs, pieces, EntitySearch(tokens.limits)))
            return EntityInput(docs, pieces, EntityTargets(found.tags))

        return self.get_loss, prepare

    # ---- scoring

    def score(self, examples: Iterable[Example], **kwargs: Any) -> Dict[str, Any]:
        """spaCy's scores of entities, `ents_p`, `ents_r`, `ents_f` and `ents_per_type`, and with `save_probs` also
        `ents_ece`, the expected calibration error of their probabilities."""
        if self.scorer is None:
            return {}
        examples = list(examples)
        scores = dict(self.scorer(examples, **kwargs))
        return {**scores, "ents_ece": entity_calibration(examples)} if self.cfg["save_probs"] else scores
