"""Every command with every kind of wrong input ends with one sentence, never with a traceback, and changes nothing."""

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List
from unittest.mock import Mock

import pytest

from spacy_rnn.cli import app, main

# Commands that succeed. A word in braces, {name:kind}, can be replaced by others that are wrong.
COMMANDS = """
fetch mine {out:output} --local-dir {conllu:folder}
convert {conllu:folder} {out:output}
configure {config.cfg:config} {treebank:folder} {file:output_file}
fill-config {config.cfg:config} {file:output_file}
init-config {file:output_file} --force --train {cats.spacy:file}
evaluate {tagger:pipeline} {treebank:folder} --output {file:output_file}
evaluate {tagger:pipeline} {treebank:folder} --conllu {conllu:folder}
fetch-textcat mine {out:output} --local-dir {labels:folder}
convert-textcat {texts.jsonl:file} {out:output}
evaluate-textcat {textcat:model} {cats.spacy:file} --output {file:output_file}
get-parser {parser:name}
convert-sst {sst:folder} {out:output} --parser {parser:model}
parse-texts {texts.jsonl:file} {out:output} --parser {parser:model}
convert-relations {treebank:folder} {out:output}
add-parser {tree:model} {out:output} --parser {parser:model}
evaluate-tree {tree:model} {trees.spacy:file} --output {file:output_file}
add-tagger {lemmatizer:model} {tagger:pipeline} {out:output}
evaluate-lemmas {lemmatizer:model} {treebank:folder} --tagger {tagger:pipeline} --output {file:output_file}
evaluate-pairs {transducer:model} {pairs.tsv:file} --output {file:output_file}
evaluate-pairs {transducer:model} {text.txt:lines} --target-path {text.txt:lines}
write-text {treebank:folder} {out:output} --more {text.txt:lines}
train-lm {text.txt:lines} {out:output} --dev {text.txt:lines} --hidden-size 8 --rows 9 --batch 4 --bptt 9 --epochs 0.1
evaluate-lm {lm.safetensors:file} {text.txt:lines} --output {file:output_file}
generate {lm.safetensors:file} -n 1 --max-chars 5 --output {file:output_file}
apply {tagger:pipeline} {texts.jsonl:address} {out:output} --output-format jsonl
to-conllu {tagger:pipeline} {text.txt:lines} {file:output_file}
to-conllu - {cats.spacy:file} {file:output_file}
distill {tagger:pipeline} {textcat:pipeline} {text.txt:lines} {out:output}
train {config.cfg:config} --output {out:output} --code {code.py:code}
vectors list
vectors get mine {out:output} --archive {vectors.whl:file}
lexicon build {entries.tsv:file} {file:output_file} --forms-of {treebank:folder}
lexicon get xx {file:output_file} --archive {lookups.whl:file}
vectors train {text.txt:lines} {out:output} --lang xx --dim 2 --rows 9 --epochs 1
""".strip().splitlines()

# What is put in the place of a word of a kind; * is its suffix.
WRONG: Dict[str, List[str]] = {
    "pipeline": ["no_model", "empty", "text.txt", "bad_model"],
    "model": ["no_model", "empty", "text.txt", "bad_model", "blank"],
    "name": ["no_model"],
    "file": ["no*", "folder*", "empty*", "junk*", "text.txt/no*"],
    "lines": ["no*", "folder*", "junk*", "text.txt/no*"],
    "code": ["no*", "folder*", "junk*", "bad*", "text.txt"],
    "config": ["no*", "folder*", "empty*", "junk*"],
    "folder": ["no_folder", "empty", "text.txt"],
    "address": ["no*", "empty", "junk"],
    "output": ["text.txt", "text.txt/out", "/proc/no/out"],
    "output_file": ["empty", "text.txt/file"],
}

# What is added to a command, and what is then said.
SETTINGS = [
    ("fetch UD_Other {out:output} --repo nowhere", "D018"),
    ("fetch UD_Other {out:output} --repo nowhere --project-dir nowhere", "D018"),
    ("convert --lang nonsense", "D027.*nonsense"),
    ("configure --threads -1", "threads"),
    ("configure --max-steps -1", "max-steps"),
    ("evaluate --gpu-id 99", "R021"),
    ("evaluate --threads 0", "threads"),
    ("evaluate --threads many", "threads"),
    ("evaluate --split nonsense", "D021"),
    ("fetch-textcat nonsense {out:output}", "D100"),
    ("convert-textcat --lang nonsense", "D027.*nonsense"),
    ("convert-textcat fetched/texts.jsonl {out:output}", "D023.*source.json"),
    ("convert-textcat --text nonsense", "D113"),
    ("convert-textcat --labels nonsense", "D102"),
    ("evaluate-lemmas --tagger lemmatizer", "D174"),
    ("train-lm --cell nonsense", "R001"),
    ("train-lm --direction nonsense", "R001"),
    ("train-lm --precision nonsense", "R001"),
    ("train-lm --depth 0", "R005"),
    ("train-lm --hidden-size 1000000000", "R185"),
    ("train-lm --save-every 0", "save-every"),
    ("evaluate-lm --adapt -1", "R005"),
    ("generate --top-p 2", "R005"),
    ("generate --temperature -1", "R005"),
    ("generate --label nonsense", "D205"),
    ("generate -n 0", "number"),
    ("apply --engine nonsense", "R001"),
    ("apply --input-format nonsense", "R001"),
    ("apply --output-format nonsense", "R001"),
    ("apply --columns pos,nonsense", "R001"),
    ("apply {tagger:pipeline} nonsense://x {out:output} --output-format jsonl", "D190"),
    ("apply --workers 0", "workers"),
    ("apply --part-size 0", "part-size"),
    ("apply --batch-size -1", "batch-size"),
    ("apply --gpu-id 99", "R021"),
    ("apply --engine ray", "D182.*ray"),
    ("apply --output-format parquet", "D182.*pyarrow"),
    ("to-conllu --input-format nonsense", "R001"),
    ("to-conllu --gpu-id 99", "R021"),
    ("to-conllu - {text.txt:lines} {file:output_file}", "D214"),
    ("distill --input-format nonsense", "R001"),
    ("distill --weights 1,2,3", "2 numbers"),
    ("distill --weights many,1", "numbers"),
    ("distill --weights -1,1", "R005"),
    ("distill --labels nonsense", "R001"),
    ("distill --top 0", "R005"),
    ("distill tagger:cats {text.txt:lines} {out:output}", "D210"),
    ("distill tagger:nonsense {text.txt:lines} {out:output}", "R020"),
    ("train --workers 0", "workers"),
    ("train --gpu-id 99", "R021"),
    ("train --resume", "R195"),
    ("train --nonsense", "nonsense"),
    ("train --nonsense 1", "nonsense"),
    ("train nonsense", "nonsense"),
    ("train --paths.train null", "R022.*E913"),
    ("train --paths.train no.spacy", "no.spacy"),
    ("train --paths.train junk.spacy", "R022.*E1014"),
    ("train --paths.train empty.spacy", "R022.*E1014"),
    ("train --nlp.lang nonsense", "R022.*E048"),
    ("train --nlp.pipeline nonsense", "R022"),
    ("train --training.dropout 7", "R005"),
    ("train --training.eval_frequency 0", "R005"),
    ("train --training.accumulate_gradient 0", "R005"),
    ("train --training.max_steps many", "R022.*max_steps"),
    ("train --training.optimizer.@optimizers Nonsense.v1", "R022.*E893"),
    ("train --components.rnn_tagger.factory nonsense", "R022.*E002"),
    ("train --components.rnn_tagger.model.tok2vec.encode.depth 0", "R005"),
    ("train --workers 2 --training.max_steps many", "R192.*R022.*max_steps"),
    ("configure --lexicon nonsense", "D266"),
    ("fill-config --lexicon nonsense", "D266"),
    ("lexicon build junk.whl {file:output_file}", "D263"),
    ("lexicon get de {file:output_file} --archive lookups.whl", "D016"),
    ("configure --vectors nonsense", "D227"),
    ("fill-config --vectors tagger", "D227"),
    ("vectors train {text.txt:lines} {out:output}", "lang"),
    ("vectors train {text.txt:lines} {out:output} --lang nonsense", "D027"),
    ("vectors train {text.txt:lines} {out:output} --lang xx --rows 0", "R005"),
    ("vectors train {text.txt:lines} {out:output} --lang xx --min-count 1000", "D226"),
    ("vectors get nonsense {out:output}", "D220"),
    ("vectors get en-md {out:output} --archive vectors.whl", "D015"),
    ("vectors get en-md {out:output} --archive nothing", "D108"),
    ("vectors get en-md {out:output} --join nonsense", "D220.*nonsense"),
    ("vectors get en-md {out:output} --join fr-md", "D225.*en, fr"),
]

WORD = re.compile(r"\{(.+):(\w+)\}")
CASES = [
    (command, at, wrong)
    for command in COMMANDS
    for at, word in enumerate(command.split())
    for wrong in WRONG.get(WORD.sub(r"\2", word), ())
]


def run(command: str, at: int = -1, wrong: str = "") -> int:
    """The exit status of a command, in which one word is replaced."""
    words = command.split()
    for i, word in enumerate(words):
        match = WORD.match(word)
        if match:
            name, kind = match.groups()
            words[i] = wrong.replace("*", Path(name).suffix) if i == at else f"new/{name}" if "out" in kind else name
    sys.argv = ["spacy-rnn", *words]
    try:
        main()
    except SystemExit as error:
        return int(error.code or 0)
    return 0


def test_every_command_is_here() -> None:
    names = {command.name for command in app.registered_commands}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names |= {f"{group.name} {command.name}" for command in group.typer_instance.registered_commands}
    for command in COMMANDS:
        names -= {command.split()[0], " ".join(command.split()[:2])}
    assert names == set()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("command", COMMANDS)
def test_right_input(command: str) -> None:
    assert run(command) == 0


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("command", "at", "wrong"), CASES)
def test_wrong_input(command: str, at: int, wrong: str, capsys: pytest.CaptureFixture) -> None:
    status, told = run(command, at, wrong), capsys.readouterr().err
    if status == 1:
        assert re.match(r"✘ \[[DR]\d{3}\] ", told) and told.count("\n") == 1
    else:
        assert status == 2 and told.startswith("Usage: ")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("command", "expected"), SETTINGS)
def test_wrong_settings(
    command: str, expected: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("ray", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, package, None)
    name, _, options = command.partition(" ")
    whole = next(whole for whole in COMMANDS if whole.split()[0] == name)
    assert run(command if "{" in command else f"{whole} {options}") in (1, 2)
    told = capsys.readouterr().err
    assert re.search(f"(?s){expected}", told) and "Traceback" not in told


def test_mistakes_of_the_package_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (KeyError("x"), ValueError("x"), OSError("x")):
        monkeypatch.setattr("spacy_rnn.cli.tree.get_parser", Mock(side_effect=error))
        with pytest.raises(type(error)) as caught:
            run("get-parser x")
        assert caught.value is error


def test_errors_of_the_system_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("spacy_rnn.cli.tree.get_parser", Mock(side_effect=full))
    assert run("get-parser x") == 1
    assert capsys.readouterr().err == "✘ [D022] output: No space left on device.\n"


@pytest.mark.usefixtures("world")
def test_interrupted_training_says_nothing() -> None:
    """Its workers end with it."""
    command = ["train", "config.cfg", "--workers", "2", "--training.max_steps", "100000", "--output", "new/out"]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background ignores it
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "spacy_rnn", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf8",
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    while "0" not in process.stdout.readline():  # the first row of scores
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, told = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    assert process.returncode == 130 and told == ""
    for _ in range(100):  # until the last process of the group has ended
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("a worker is still there")
