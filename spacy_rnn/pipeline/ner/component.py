"""The component `rnn_ner`: named entities."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

import numpy as np
from spacy.language import Language
from spacy.pipeline.ner import ner_score
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Config, Model

from ...base.checks import check_at_least
from ...base.entities import UNKNOWN, EntitySearch, EntityTargets
from ...errors import AnnotationError, Errors, NotInitializedError
from ...models.types import EntityModel, PieceInput
from ..base import GetLoss, Prepare
from ..defaults import DEFAULT_EMBED
from ..extensions import ENT_PROBS, register
from ..spans import SpanLearning, Tokens
from .annotate import Prediction, write_entities
from .gold import GoldTags, read_gold
from .scoring import entity_calibration
from .tokens import EntityTokens

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


class RNNEntityRecognizer(SpanLearning):
    """Predicts `doc.ents`.

    Entities that a document has already are kept, and so are blocked tokens (see `Doc.set_ents`). An entity neither
    begins nor ends with whitespace, and does not cross the start of a sentence that the document knows of.

    max_length: a sentence, or a document without sentences, is cut after so many tokens, and no entity crosses a cut.
        Memory grows with it.
    save_probs: keep the marginal probability of each entity in `span._.prob`, and score its calibration.

    Raises SettingError for settings out of range.
    """

    FACTORY = "rnn_ner"
    LEFT_OUT = (
        "entities cannot be learned and are left out: no tokens stand for them, they begin or end with whitespace, "
        "they cross the start of a sentence, or they have another label"
    )
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
        self.cfg: Dict[str, Any] = {"labels": [], "max_length": max_length, "save_probs": save_probs}
        self._remember_settings()
        if save_probs:
            register(ENT_PROBS, "prob")

    # ---- prediction

    def predict(self, docs: Iterable[Doc]) -> Prediction:
        """RETURNS the best entities. Raises NotInitializedError without labels."""
        docs = list(docs)
        tokens = EntityTokens.read(docs)
        if not len(tokens.kept):
            return Prediction(np.zeros(0, dtype=np.int64), tokens.kept, self.labels)
        if not self.labels:
            raise NotInitializedError(Errors.R016.format(name=self.name))
        search = EntitySearch(tokens.limits, self.cfg["save_probs"])
        found: Any = self.model.predict(PieceInput(docs, tokens.pieces(self.cfg["max_length"]), search))
        return Prediction(found.tags, tokens.kept, self.labels, found.probabilities)

    def set_annotations(self, docs: Iterable[Doc], prediction: Prediction) -> None:
        """Add entities to the documents."""
        write_entities(list(docs), prediction)

    # ---- training

    def _no_labels(self) -> AnnotationError:
        return AnnotationError(Errors.R130.format(name=self.name))

    def _labels_of(self, doc: Doc) -> Set[str]:
        return {ent.label_ for ent in doc.ents}

    def _inputs(self, examples: List[Example]) -> Optional[PieceInput]:
        gold, pieces = self._read_gold(examples, self.label_data)
        self._report(gold.n_spans, gold.n_learned)
        if (gold.tags == UNKNOWN).all():
            return None
        return PieceInput([example.predicted for example in examples], pieces, EntityTargets(gold.tags))

    def _read_gold(self, examples: List[Example], labels: List[str]) -> Tuple[GoldTags, Any]:
        """The gold tags, and the lengths of the pieces."""
        tokens = Tokens.read([example.predicted for example in examples])
        pieces = tokens.pieces(self.cfg["max_length"])
        return read_gold(examples, tokens, pieces, labels), pieces

    def _rehearsal(self, teacher: Model) -> Tuple[GetLoss, Prepare]:
        """The entities of the teacher are the targets (Kim & Rush 2016, sect. 3.2)."""

        def prepare(examples: List[Example]) -> PieceInput:
            docs = [example.predicted for example in examples]
            tokens = EntityTokens.read(docs)
            pieces = tokens.pieces(self.cfg["max_length"])
            found: Any = teacher.predict(PieceInput(docs, pieces, EntitySearch(tokens.limits)))
            return PieceInput(docs, pieces, EntityTargets(found.tags))

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
