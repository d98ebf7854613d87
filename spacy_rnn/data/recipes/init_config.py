"""Write a training config for any of the components."""

from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from spacy.language import DEFAULT_CONFIG_PATH, Language
from spacy.util import load_config, load_model_from_config, registry
from thinc.api import Config

from ...base.checks import check_choice
from ...errors import Errors, SettingError
from ..configure import limit_steps
from ..language import blank_pipeline, checked
from ..lexicons.configure import add_lexicon
from ..text_files import file_format
from ..vectors.configure import add_vectors
from .examine import TrainingData, examine
from .settings import CHANGES, SHARING, SIZES, recipe_for

COMPONENTS = (
    "rnn_tagger",
    "rnn_parser",
    "rnn_lemmatizer",
    "rnn_ner",
    "rnn_spancat",
    "tree_rnn",
    "rnn_textcat",
    "rnn_textcat_multilabel",
)
"""In the order of the pipeline."""


def init_config(
    components: Sequence[str],
    *,
    lang: str = "en",
    train: Optional[Path] = None,
    dev: Optional[Path] = None,
    vectors: str = "",
    lexicon: str = "",
    size: str = "default",
) -> Config:
    """A full config that trains these components, with every setting written down.

    Several of SHARING get one encoder together, whatever else is in the pipeline one of its own.

    components: any of COMPONENTS.
    train, dev: the corpora, `.spacy` files, or tables of texts for a text categorizer alone; None to name them later.
        If the first is there, training takes fewer steps where it is small, and a parser learns where sentences start
        from documents of several sentences, which are joined if each document is one.
    vectors, lexicon: for all layers that can read them, see `add_vectors` and `add_lexicon`.
    size: "fast", "default" or "wide", of the encoder of SHARING.

    Raises SettingError for components that are unknown or cannot be trained together, CorpusError for an unknown
    language and a file that cannot be read.
    """
    check_choice("size", size, tuple(SIZES))
    names = _in_order(components)
    if size != "default" and not set(SHARING).intersection(names):
        raise SettingError(Errors.R032.format(size=size, allowed=", ".join(SHARING)))
    data = None if train is None or not train.exists() else examine(train)
    recipe = recipe_for(names)
    nlp = checked(blank_pipeline, lang)
    sections = {name: _component(name, size, recipe.depth) for name in names}
    shared = [name for name in names if name in SHARING]
    if len(shared) > 1:
        encoder = _encoder(sections[shared[0]]["model"]["tok2vec"], size, recipe.depth)
        sections = {"tok2vec": {"factory": "tok2vec", "model": encoder}, **sections}
        for name in shared:
            sections[name]["model"]["tok2vec"] = {
                "@architectures": "spacy.Tok2VecListener.v1",
                "width": "${components.tok2vec.model.encode.width}",
                "upstream": "tok2vec",
            }
    config = load_config(DEFAULT_CONFIG_PATH, interpolate=False)
    config["nlp"].update(lang=lang, tokenizer=nlp.config["nlp"]["tokenizer"])
    config["nlp"]["pipeline"] = list(sections)
    config["nlp"]["batch_size"] = 256 if len(names) > 1 else 1000
    config["components"] = sections
    config["paths"].update({"train": _text(train), "dev": _text(dev)})
    config["corpora"] = _corpora(names, train, data)
    config["training"].update(recipe.training())
    config["training"]["score_weights"] = {}
    if "tree_rnn" in names and "rnn_parser" in names:
        config["training"]["annotating_components"] = [name for name in sections if name in ("tok2vec", "rnn_parser")]
    if "rnn_parser" in names and (len(names) > 1 or (data is not None and data.sentences > data.docs)):
        sections["rnn_parser"]["sentences"] = "predict"
    if vectors:
        add_vectors(config, vectors)
    if lexicon:
        add_lexicon(config, lexicon)
    if data is not None:
        limit_steps(config, data.tokens)
    return _filled(config)


def _in_order(components: Sequence[str]) -> Sequence[str]:
    for name in components:
        check_choice("pipeline", name, COMPONENTS)
    if not components or len(set(components)) < len(components):
        raise SettingError(Errors.R030.format(found=", ".join(components) or "none", allowed=", ".join(COMPONENTS)))
    if "rnn_textcat" in components and "rnn_textcat_multilabel" in components:
        raise SettingError(Errors.R031)
    return [name for name in COMPONENTS if name in components]


def _component(name: str, size: str, depth: int) -> Dict[str, Any]:
    """The section of a component, with its default settings."""
    default = Config(Language.get_factory_meta(name).default_config).copy()
    section: Dict[str, Any] = Config({"factory": name, **default}).merge(CHANGES.get(name, {}))
    if name in SHARING:
        section["model"]["tok2vec"] = _encoder(section["model"]["tok2vec"], size, depth)
    return section


def _encoder(encoder: Dict[str, Any], size: str, depth: int) -> Dict[str, Any]:
    found, widths = Config(encoder).copy(), SIZES[size]
    found["embed"]["width"], found["encode"]["width"], found["encode"]["depth"] = (
        widths["embed"],
        widths["encode"],
        depth,
    )
    for feature in ("words", "chars"):
        found["embed"][feature]["width"] = widths[feature]
    return dict(found)


def _corpora(names: Sequence[str], train: Optional[Path], data: Optional[TrainingData]) -> Dict[str, Any]:
    """The readers of both corpora."""
    textcat = all(name.startswith("rnn_textcat") for name in names)
    of_words = {"tree_rnn", "rnn_textcat", "rnn_textcat_multilabel"}.isdisjoint(names)  # joined, texts lose categories
    if textcat and train is not None and file_format(train) in (".jsonl", ".csv", ".tsv"):
        reader: Dict[str, Any] = {"@readers": "spacy-rnn.TextCatCorpus.v1", "labels": None}
    elif list(names) == ["rnn_lemmatizer"]:
        reader = {"@readers": "spacy-rnn.GoldTagCorpus.v1"}
    elif "tree_rnn" in names and "rnn_parser" not in names:
        reader = {"@readers": "spacy-rnn.GoldParseCorpus.v1"}
    elif data is not None and data.sentences == data.docs and set(names) > {"rnn_parser"} and of_words:
        reader = {"@readers": "spacy-rnn.JoinedCorpus.v1", "sentences": 4, "varied": True}
    else:
        reader = {"@readers": "spacy.Corpus.v1", "gold_preproc": False, "max_length": 0, "limit": 0, "augmenter": None}
    found = {split: {**reader, "path": f"${{paths.{split}}}"} for split in ("train", "dev")}
    if "varied" in reader:
        found["dev"].update(sentences=10, varied=False)
    if "rnn_tagger" in names:
        found["train"]["augmenter"] = {"@augmenters": "spacy-rnn.Noise.v1"}
    return found


def _filled(config: Config) -> Config:
    """The config with all settings that have defaults."""
    nlp = load_model_from_config(config, auto_fill=True)
    filled = Config(nlp.config).copy()
    filled["corpora"] = registry.fill({"corpora": config["corpora"]})["corpora"]
    return Config().from_str(filled.to_str(), interpolate=False)


def _text(path: Optional[Path]) -> Optional[str]:
    return None if path is None else str(path)
