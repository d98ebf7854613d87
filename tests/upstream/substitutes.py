"""Puts our components and encoders in the place of spaCy's, under spaCy's names."""

from dataclasses import replace
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Callable, Dict, List, Literal, Optional

import spacy
import spacy.ml.models.tok2vec
import spacy.pipeline
from spacy.language import Language
from spacy.ml.models.parser import build_tb_parser_model
from spacy.util import registry
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer

from spacy_rnn.models.embed.char import build_char_embed_v1
from spacy_rnn.models.embed.features import build_word_features_v1
from spacy_rnn.models.embed.vectors import build_static_vectors_v2
from spacy_rnn.models.embed.word import build_lex_embed_v1, build_word_embed_v1
from spacy_rnn.models.encoder import build_rnn_encoder_v1, build_rnn_v1
from spacy_rnn.models.parser import build_parser_v1
from spacy_rnn.models.spans import build_ner_v1
from spacy_rnn.models.tagger import build_tagger_v1
from spacy_rnn.pipeline.ner import RNNEntityRecognizer
from spacy_rnn.pipeline.parser import RNNParser
from spacy_rnn.pipeline.tagger import RNNTagger

QUICK = {"tagger", "morphologizer", "ner", "trainable_lemmatizer"}
LEARN_RATE = 0.01
"""spaCy's tests make as few updates as its own networks need to learn two sentences by heart, at a rate of 0.001."""

used: List[str] = []
"""What of ours was built, by spaCy's names."""


# ---- encoders, with the settings of spaCy's


def multi_hash_embed(width: int, attrs: List[str], rows: List[int], include_static_vectors: bool) -> Model:
    attrs = [attr for attr in attrs if attr != "NORM"]
    return build_word_features_v1(
        words=build_word_embed_v1(rows=rows[0]),
        lexical=build_lex_embed_v1(attrs=attrs) if attrs else None,
        vectors=build_static_vectors_v2() if include_static_vectors else None,
        width=width,
    )


def character_embed(
    width: int, rows: int, nM: int, nC: int, include_static_vectors: bool, feature: str = "LOWER"
) -> Model:
    return build_word_features_v1(
        chars=build_char_embed_v1(char_width=nM, rows=rows),
        vectors=build_static_vectors_v2() if include_static_vectors else None,
        width=width,
    )


def maxout_window_encoder(width: int, window_size: int, maxout_pieces: int, depth: int) -> Model:
    return build_rnn_v1(width=width, bidirectional=width % 2 == 0)


def mish_window_encoder(width: int, window_size: int, depth: int) -> Model:
    return build_rnn_v1(width=width)


def hash_embed_cnn(
    *,
    width: int,
    depth: int,
    embed_size: int,
    window_size: int,
    maxout_pieces: int,
    subword_features: bool,
    pretrained_vectors: Optional[bool],
) -> Model:
    embed = multi_hash_embed(width, ["NORM", "PREFIX", "SUFFIX", "SHAPE"], [embed_size], bool(pretrained_vectors))
    return build_rnn_encoder_v1(embed, maxout_window_encoder(width, window_size, maxout_pieces, depth))


ENCODERS: Dict[str, Callable] = {
    "HashEmbedCNN": hash_embed_cnn,
    "Tok2Vec": build_rnn_encoder_v1,
    "MultiHashEmbed": multi_hash_embed,
    "CharacterEmbed": character_embed,
    "MaxoutWindowEncoder": maxout_window_encoder,
    "MishWindowEncoder": mish_window_encoder,
}


# Not all tests give the settings that have no default; those of spaCy's components did.
def transition_based_parser(
    tok2vec: Model,
    state_type: Literal["parser", "ner"] = "ner",
    extra_state_tokens: bool = False,
    hidden_width: int = 64,
    maxout_pieces: int = 2,
    use_upper: bool = True,
    nO: Optional[int] = None,
) -> Model:
    return build_tb_parser_model(tok2vec, state_type, extra_state_tokens, hidden_width, maxout_pieces, use_upper, nO)


# ---- components, with models of their own if they are given spaCy's


def own_model(model: Model, build: Optional[Callable]) -> Model:
    if build is None or model.name.startswith("rnn_") or not model.has_ref("tok2vec"):
        return model
    tok2vec = model.get_ref("tok2vec")
    # That of a transition-based parser has a linear layer on top.
    return build(tok2vec.layers[0] if model.name == "parser_model" else tok2vec)


class Tagger(RNNTagger):
    def __init__(self, vocab: Vocab, model: Model, name: str = "tagger", **settings: Any):
        used.append("tagger")
        super().__init__(vocab, own_model(model, build_tagger_v1), name, **{"attrs": ["tag"], **settings})


class EntityRecognizer(RNNEntityRecognizer):
    def __init__(self, vocab: Vocab, model: Model, name: str = "ner", **settings: Any):
        used.append("ner")
        super().__init__(vocab, own_model(model, build_ner_v1), name, **settings)


class DependencyParser(RNNParser):
    def __init__(self, vocab: Vocab, model: Model, name: str = "parser", **settings: Any):
        used.append("parser")
        super().__init__(vocab, own_model(model, build_parser_v1), name, **settings)


COMPONENTS: Dict[str, Any] = {
    "tagger": ("rnn_tagger", build_tagger_v1, {"attrs": ["tag"]}),
    "morphologizer": ("rnn_tagger", build_tagger_v1, {"attrs": ["pos", "morph"]}),
    "ner": ("rnn_ner", build_ner_v1, {}),
    "parser": ("rnn_parser", build_parser_v1, {}),
    "textcat": ("rnn_textcat", None, {}),
    "textcat_multilabel": ("rnn_textcat_multilabel", None, {}),
    "trainable_lemmatizer": ("rnn_lemmatizer", None, {"top_k": 1}),
}
"""By the names of spaCy's factories: ours, what builds its model from an encoder, and settings."""


IGNORED = ("top_k",)
"""Settings of spaCy's lemmatizer that ours is given in vain."""


def substitute() -> None:
    """Put ours in the place of spaCy's, for this process."""
    spacy.blank("xx")  # which registers everything
    for name, (ours, build, settings) in COMPONENTS.items():
        meta = Language.get_factory_meta(ours)
        registry.factories.register(name, func=_noted(name, registry.factories.get(ours), build))
        config = {**(meta.default_config or {}), **settings}
        Language.set_factory_meta(name, replace(meta, factory=name, default_config=config))
    for name, build in ENCODERS.items():
        for version in ("v1", "v2"):
            registry.architectures.register(f"spacy.{name}.{version}", func=_noted(name, build))
    registry.architectures.register("spacy.TransitionBasedParser.v2", func=transition_based_parser)
    for own in (Tagger, EntityRecognizer, DependencyParser):
        setattr(spacy.pipeline, own.__name__, own)
    create_optimizer = Language.create_optimizer

    def create(nlp: Language) -> Optimizer:
        optimizer = create_optimizer(nlp)
        if QUICK & set(nlp.pipe_names):
            optimizer.learn_rate = LEARN_RATE
        return optimizer

    Language.create_optimizer = create  # type: ignore[method-assign]
    module: Any = spacy.ml.models.tok2vec
    module.MultiHashEmbed, module.MaxoutWindowEncoder = multi_hash_embed, maxout_window_encoder
    module.build_Tok2Vec_model = _noted("Tok2Vec", build_rnn_encoder_v1)


def _noted(name: str, make: Callable, build: Optional[Callable] = None) -> Callable:
    """A function that is noted in `used`, and makes a model of our own if it is given one of spaCy's."""

    @wraps(make)
    def noted(*args: Any, **settings: Any) -> Any:
        used.append(name)
        if "model" in settings:
            settings["model"] = own_model(settings["model"], build)
        return make(*args, **{name: value for name, value in settings.items() if name not in IGNORED})

    if name == "trainable_lemmatizer":
        own = signature(make)
        extra = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=Any) for name in IGNORED]
        noted.__signature__ = own.replace(parameters=[*own.parameters.values(), *extra])  # type: ignore[attr-defined]
    return noted
