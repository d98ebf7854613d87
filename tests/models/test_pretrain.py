"""`spacy pretrain` and then `init_tok2vec`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Tuple

import pytest
import spacy
import srsly
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.training.pretrain import pretrain
from spacy.util import load_config_from_str

from ..helpers import SENTENCES, TEXTS, component, encoder_config, gold_doc, tagger_config
from ..lm.helpers import write_lm

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16, "upstream": "*"}
PRETRAINING = """
[paths]
raw_text = null

[pretraining]
max_epochs = 2
dropout = 0.2
n_save_every = null
n_save_epoch = null
corpus = "corpora.pretrain"

[pretraining.objective]
@architectures = "spacy.PretrainCharacters.v1"
maxout_pieces = 2
hidden_size = 8
n_characters = 2

[pretraining.batcher]
@batchers = "spacy.batch_by_words.v1"
size = 50
discard_oversize = false
tolerance = 0.2

[pretraining.optimizer]
@optimizers = "Adam.v1"

[corpora]

[corpora.pretrain]
@readers = "spacy.JsonlCorpus.v1"
path = ${paths.raw_text}
"""


def as_component(where: str, folder: Path) -> Tuple[Language, Dict[str, Any]]:
    """A pipeline, and the settings that name its encoder."""
    nlp = spacy.blank("xx")
    if where != "rnn_tagger":
        config = encoder_config()
        if where == "language model":
            path = write_lm(folder / "lm.safetensors")
            config["embed"]["context"] = {"@architectures": "spacy-rnn.CharLMEmbed.v1", "forward": path}
        nlp.add_pipe("tok2vec", config={"model": config})
        model = {"@architectures": "spacy-rnn.Tagger.v1", "precision": "fp32", "tok2vec": LISTENER}
        nlp.add_pipe("rnn_tagger", config={"model": model})
        return nlp, {"component": "tok2vec", "layer": ""}
    nlp.add_pipe("rnn_tagger", config=tagger_config())
    return nlp, {"component": "rnn_tagger", "layer": "tok2vec"}


@pytest.mark.parametrize("where", ["tok2vec", "rnn_tagger", "language model"])
def test_pretrained_encoder_is_where_training_starts(where: str, tmp_path: Path) -> None:
    nlp, names = as_component(where, tmp_path)
    srsly.write_jsonl(tmp_path / "raw.jsonl", [{"text": text} for text in TEXTS * 2])
    config = nlp.config.copy().merge(load_config_from_str(PRETRAINING))
    config["pretraining"].update(names)
    config["paths"]["raw_text"] = str(tmp_path / "raw.jsonl")
    output = tmp_path / "out"
    output.mkdir()
    pretrain(config.interpolate(), output, silent=True)
    weights = output / "model-last.bin"
    losses = [line["loss"] for line in srsly.read_jsonl(output / "log.jsonl")]
    assert losses and all(loss == loss for loss in losses)

    gold = DocBin(docs=[gold_doc(nlp, sentence) for sentence in SENTENCES], store_user_data=True)
    gold.to_disk(tmp_path / "train.spacy")
    config["paths"]["train"] = config["paths"]["dev"] = str(tmp_path / "train.spacy")
    config["initialize"]["init_tok2vec"] = str(weights)
    started = init_nlp(config.interpolate())
    model = component(started, names["component"]).model
    encoder = model.get_ref(names["layer"]) if names["layer"] else model
    assert encoder.to_bytes() == weights.read_bytes()
    for doc in started.pipe(TEXTS):
        assert all(token.pos_ for token in doc)
