"""A folder with everything that the commands read, all of it tiny, and with things that none of them can use."""

from gzip import compress
from pathlib import Path

import spacy
import srsly
from spacy.tokens import DocBin

from spacy_rnn.data.convert import convert_treebank

from ..data.treebank import write_splits
from ..data.vectors.wheels import vectors_pipeline, write_files, write_wheel
from ..helpers import trained_tagger
from ..lm.helpers import write_lm, write_text
from ..pipeline.lemmatizer.lemmas import trained_lemmatizer
from ..pipeline.texts import CATS, TEXTS, make_texts, trained_textcat
from ..pipeline.transducer.transducers import CHARS, trained_transducer
from ..training.test_training import write_config
from ..tree_helpers import parser_pipeline, reviews, trained_tree

SUFFIXES = (".spacy", ".jsonl", ".tsv", ".txt", ".safetensors", ".py", ".cfg", ".whl", "")


def make_world(folder: Path) -> None:
    pipelines = {
        "tagger": trained_tagger(2),
        "textcat": trained_textcat(steps=2),
        "tree": trained_tree(2),
        "lemmatizer": trained_lemmatizer(2),
        "transducer": trained_transducer(CHARS, "char", 2),
        "parser": parser_pipeline(),
        "blank": spacy.blank("xx"),
        "bad_model": spacy.blank("xx"),
    }
    for name, nlp in pipelines.items():
        nlp.to_disk(folder / name)
    (folder / "bad_model" / "config.cfg").write_text("[nlp]\nlang = xx\npipeline = [")
    write_splits(folder / "conllu")
    convert_treebank(folder / "conllu", folder / "treebank")
    srsly.write_jsonl(folder / "texts.jsonl", [{"text": text, "cats": cats} for text, cats in zip(TEXTS, CATS)])
    for split in ("train", "dev", "test"):
        (folder / "sst").mkdir(exist_ok=True)
        (folder / "sst" / f"{split}.txt").write_text("(3 (2 A) (3 (3 nice) (2 day)))\n")
        (folder / "labels").mkdir(exist_ok=True)
        write_text(folder / "labels" / f"{split}.txt", 40)
    for name, examples in (("cats", make_texts(pipelines["textcat"])), ("trees", reviews(pipelines["tree"]))):
        DocBin(docs=[example.reference for example in examples], store_user_data=True).to_disk(folder / f"{name}.spacy")
    (folder / "entries.tsv").write_text("".join(f"{word}\t{word.lower()}\tX\n" for word in ("Vi", "a", "casa")))
    (folder / "pairs.tsv").write_text("source\ttarget\n" + "".join(f"{one}\t{other}\n" for one, other in CHARS))
    (folder / "text.txt").write_text("".join(f"The cat {i} sleeps on a mat.\n" for i in range(60)))
    write_lm(folder / "lm.safetensors")
    config = spacy.util.load_config(write_config(folder, max_steps=1))
    config["paths"] = {"train": str(folder / "train.spacy")}
    config["corpora"]["train"]["path"] = "${paths.train}"
    config["initialize"] = {}
    config.to_disk(folder / "config.cfg")
    write_files(folder / "lookups.whl", {"spacy_lookups_data/data/xx_lemma_lookup.json.gz": compress(b'{"a": "b"}')})
    write_wheel(folder / "vectors.whl", vectors_pipeline())
    (folder / "code.py").touch()
    (folder / "bad.py").write_text("import nonsense")
    (folder / "fetched").mkdir()
    (folder / "fetched" / "source.json").write_text("{")
    for suffix in SUFFIXES:
        (folder / f"empty{suffix}").touch() if suffix else (folder / "empty").mkdir()
        (folder / f"junk{suffix}").write_bytes(b"\xff\xfe{[\n\0\n")
        (folder / f"folder{suffix}").mkdir()
