"""Package metadata, and the entry points by which spaCy finds the components."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "spacy_rnn" / "__init__.py").read_text(encoding="utf8"))
README = ROOT / "README.md"

ENTRY_POINTS = {
    "console_scripts": ["spacy-rnn = spacy_rnn.cli:main"],
    "spacy_factories": [
        "rnn_tagger = spacy_rnn.pipeline.tagger:make_rnn_tagger",
        "rnn_parser = spacy_rnn.pipeline.parser:make_rnn_parser",
        "rnn_ner = spacy_rnn.pipeline.ner:make_rnn_ner",
        "rnn_textcat = spacy_rnn.pipeline.textcat:make_rnn_textcat",
        "rnn_textcat_multilabel = spacy_rnn.pipeline.textcat:make_rnn_textcat_multilabel",
        "tree_rnn = spacy_rnn.pipeline.tree:make_tree_rnn",
        "rnn_lemmatizer = spacy_rnn.pipeline.lemmatizer:make_rnn_lemmatizer",
        "rnn_transducer = spacy_rnn.pipeline.transducer:make_rnn_transducer",
    ],
    "spacy_architectures": [
        "spacy-rnn.CharEmbed.v1 = spacy_rnn.models.embed.char:build_char_embed_v1",
        "spacy-rnn.WordEmbed.v1 = spacy_rnn.models.embed.word:build_word_embed_v1",
        "spacy-rnn.LexEmbed.v1 = spacy_rnn.models.embed.word:build_lex_embed_v1",
        "spacy-rnn.StaticVectors.v1 = spacy_rnn.models.embed.vectors:build_static_vectors_v1",
        "spacy-rnn.StaticVectors.v2 = spacy_rnn.models.embed.vectors:build_static_vectors_v2",
        "spacy-rnn.LexiconEmbed.v1 = spacy_rnn.models.embed.lexicon:build_lexicon_embed_v1",
        "spacy-rnn.CharLMEmbed.v1 = spacy_rnn.models.embed.char_lm:build_char_lm_embed_v1",
        "spacy-rnn.WordFeatures.v1 = spacy_rnn.models.embed.features:build_word_features_v1",
        "spacy-rnn.RNN.v1 = spacy_rnn.models.encoder:build_rnn_v1",
        "spacy-rnn.RNNEncoder.v1 = spacy_rnn.models.encoder:build_rnn_encoder_v1",
        "spacy-rnn.Tagger.v1 = spacy_rnn.models.tagger:build_tagger_v1",
        "spacy-rnn.Parser.v1 = spacy_rnn.models.parser:build_parser_v1",
        "spacy-rnn.NER.v1 = spacy_rnn.models.ner:build_ner_v1",
        "spacy-rnn.TextEmbed.v1 = spacy_rnn.models.embed.text:build_text_embed_v1",
        "spacy-rnn.TextCat.v1 = spacy_rnn.models.textcat:build_textcat_v1",
        "spacy-rnn.TextCat.v2 = spacy_rnn.models.textcat:build_textcat_v2",
        "spacy-rnn.TreeEncoder.v1 = spacy_rnn.models.tree:build_tree_encoder_v1",
        "spacy-rnn.TreeRNN.v1 = spacy_rnn.models.tree:build_tree_rnn_v1",
        "spacy-rnn.Lemmatizer.v1 = spacy_rnn.models.seq2seq:build_lemmatizer_v1",
        "spacy-rnn.Transducer.v1 = spacy_rnn.models.seq2seq:build_transducer_v1",
    ],
    "spacy_augmenters": [
        "spacy-rnn.Noise.v1 = spacy_rnn.data.noise:build_noise_v1",
    ],
    "spacy_callbacks": [
        "spacy-rnn.SetThreads.v1 = spacy_rnn.training.threads:build_set_threads_v1",
        "spacy-rnn.Calibrate.v1 = spacy_rnn.pipeline.textcat.calibration:build_calibrate_v1",
    ],
    "spacy_readers": [
        "spacy-rnn.TextCatCorpus.v1 = spacy_rnn.data.textcat_corpus:build_textcat_corpus_v1",
        "spacy-rnn.GoldParseCorpus.v1 = spacy_rnn.data.gold_parse:build_gold_parse_corpus_v1",
        "spacy-rnn.TransducerCorpus.v1 = spacy_rnn.data.text_pairs:build_transducer_corpus_v1",
        "spacy-rnn.GoldTagCorpus.v1 = spacy_rnn.data.gold_parse:build_gold_tag_corpus_v1",
        "spacy-rnn.JoinedCorpus.v1 = spacy_rnn.data.joined:build_joined_corpus_v1",
        "spacy-rnn.DistillCorpus.v1 = spacy_rnn.distillation.reader:build_distill_corpus_v1",
    ],
    "spacy_scorers": [
        "spacy-rnn.tagger_scorer.v1 = spacy_rnn.pipeline.tagger.scoring:make_tagger_scorer",
        "spacy-rnn.textcat_scorer.v1 = spacy_rnn.pipeline.textcat.scoring:make_textcat_scorer",
        "spacy-rnn.textcat_multilabel_scorer.v1 = spacy_rnn.pipeline.textcat.scoring:make_textcat_multilabel_scorer",
        "spacy-rnn.tree_scorer.v1 = spacy_rnn.pipeline.tree.scoring:make_tree_scorer",
        "spacy-rnn.transducer_scorer.v1 = spacy_rnn.pipeline.transducer.scoring:make_transducer_scorer",
    ],
}

setup(
    name="spacy-rnn",
    version=VERSION.group(1) if VERSION else "0",
    description="Recurrent and recursive neural networks as spaCy pipeline components",
    long_description=README.read_text(encoding="utf8") if README.exists() else "",
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    packages=find_packages(include=["spacy_rnn", "spacy_rnn.*"]),
    package_data={"spacy_rnn": ["py.typed"]},
    python_requires=">=3.10",
    install_requires=[
        "spacy>=3.8.3,<3.9",
        "thinc>=8.3.4,<8.4",
        "torch>=2.6",
        "numpy>=2.0",
        "safetensors>=0.4",
        "srsly>=2.4,<3.0",
        "typer>=0.9",
        "typing_extensions>=4.4",
        "rich>=13.0",
        "conllu>=5.0",
        "fsspec>=2023.1",
    ],
    extras_require={
        "scale": ["ray[data]>=2.40", "pyarrow>=14"],
        "lexicon": ["dawg2-python>=0.8"],
        "vectors": ["floret>=0.10", "h5py>=3.8", "pyarrow>=14"],
        "benchmark": ["matplotlib>=3.8"],
        "translation": ["sacrebleu>=2.4"],
        "docs": ["mkdocs-material>=9.5", "mkdocstrings[python]>=0.26"],
        "dev": [
            "build",
            "dawg2-python>=0.8",
            "floret>=0.10",
            "h5py>=3.8",
            "hypothesis",
            "import-linter>=2.0",
            "matplotlib>=3.8",
            "mypy",
            "pyarrow>=14",
            "pytest",
            "pytest-xdist",
            "ruff",
            "sacrebleu>=2.4",
            "setuptools>=77",
            "udtools>=0.2.9",
            "wheel",
            "zstandard",
        ],
    },
    entry_points=ENTRY_POINTS,
    classifiers=[
        "Programming Language :: Python :: 3",
        "Operating System :: OS Independent",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
)
