"""What is made of files depends on nothing else: not on the hashes of strings, on the order in which a folder lists its
files, or on the locale."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

from ..helpers import ROOT
from .treebank import SENTENCE, write_splits

WAYS = [
    {"PYTHONHASHSEED": "0"},
    {"PYTHONHASHSEED": "1", "LISTED": "backward", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
]


def test_same_results_in_every_process(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_splits(source / "treebank", prefix="pt_test")
    (source / "treebank" / "pt_test-ud-train-b.conllu").write_text(
        SENTENCE.replace("avó", "tia") + "\n", encoding="utf8"
    )
    (source / "labels").mkdir()
    for label in "bca":
        (source / "labels" / f"{label}.txt").write_text("\n".join(f"{label}é{i}" for i in range(40)), encoding="utf8")
    found: List[Dict[str, str]] = []
    for i, way in enumerate(WAYS):
        command = [sys.executable, "-m", "tests.data.test_order", str(source), str(tmp_path / f"out{i}")]
        environment = {**os.environ, **way, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode("utf8", "replace")
        found.append(json.loads(done.stdout))
    assert found[0] == found[1] and len(found[0]) > 20


def list_backward() -> None:
    """Folders list their files in the reverse of their usual order."""
    scan, names = os.scandir, os.listdir

    class Scanned:
        def __init__(self, *arguments: Any):
            with scan(*arguments) as opened:
                self.entries = sorted(opened, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> Iterator[Any]:
            return iter(self.entries)

        def __exit__(self, *error: Any) -> None:
            pass

        def __iter__(self) -> Iterator[Any]:
            return iter(self.entries)

    os.scandir = Scanned  # type: ignore[assignment]
    os.listdir = lambda *arguments: sorted(names(*arguments), reverse=True)  # type: ignore[assignment]


def make_all(source: Path, out: Path) -> Dict[str, str]:
    """The sha256 of every file that the converters and the components make."""
    import spacy
    from spacy.training import Corpus

    from spacy_rnn.data.convert import convert_treebank
    from spacy_rnn.data.fetch.labelled import split_folder
    from spacy_rnn.data.fetch.treebanks import fetch_treebank
    from spacy_rnn.data.gold_parse import build_gold_parse_corpus_v1
    from spacy_rnn.data.parsed import label_relations
    from spacy_rnn.data.raw_text.corpus import write_text
    from spacy_rnn.data.textcat_corpus import convert_textcat

    fetch_treebank("any", out / "fetched", local_dir=source / "treebank")
    convert_treebank(out / "fetched", out / "treebank")
    label_relations(out / "treebank", out / "relations")
    write_text(out / "treebank", out / "text")
    split_folder(source / "labels", out / "labels")
    convert_textcat([out / "labels" / f"{split}.jsonl" for split in ("train", "dev")], out / "textcat")
    corpora: Dict[str, Any] = {
        "rnn_tagger": Corpus(out / "treebank" / "train-words.spacy"),
        "rnn_lemmatizer": Corpus(out / "treebank" / "train-words.spacy"),
        "tree_rnn": build_gold_parse_corpus_v1(out / "relations" / "train.spacy"),
        "rnn_textcat": Corpus(out / "textcat" / "train.spacy"),
    }
    for name, corpus in corpora.items():
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("pt")
        nlp.add_pipe(name)
        examples = list(corpus(nlp))
        nlp.initialize(lambda: examples)  # noqa: B023
        nlp.to_disk(out / name)
    files = sorted(path for path in out.rglob("*") if path.is_file())
    return {path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


if __name__ == "__main__":
    if "LISTED" in os.environ:
        list_backward()
    sys.stdout.write(json.dumps(make_all(*map(Path, sys.argv[1:]))))
