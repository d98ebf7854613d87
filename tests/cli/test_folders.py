"""Commands that write a folder do so wherever it is, and one at a time."""

import os
import re
from pathlib import Path
from typing import Any, List

import pytest

from spacy_rnn.base import files, locks

from .test_wrong_input import COMMANDS, WORD, run

# The commands with a folder for their output, and the place of its name among their words.
WRITERS = [(command, command.split().index("{out:output}")) for command in COMMANDS if "{out:output}" in command]
IDS = [command.split()[0] for command, _ in WRITERS]


def absolute(command: str) -> str:
    """The same command from any directory."""
    words = command.split()
    for i, word in enumerate(words):
        match = WORD.fullmatch(word)
        if match and "out" not in match[2]:
            words[i] = f"{{{Path(match[1]).resolve()}:{match[2]}}}"
    return " ".join(words)


def names(folder: str) -> List[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("command", "at"), WRITERS, ids=IDS)
def test_folder_of_any_name_and_kind(command: str, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with blanks and other letters, one behind a link, the current one and one that cannot be renamed."""
    assert run(command) == 0
    written = names("new/out")
    Path("new/ñ 数 ☃").mkdir()
    Path("new/link").symlink_to(Path("new/ñ 数 ☃").resolve())
    assert run(command, at, "new/link") == 0
    assert Path("new/link").is_symlink() and names("new/ñ 数 ☃") == written
    command = absolute(command)
    Path("new/mounted").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(files, "can_rename", lambda folder: folder.name != "mounted")
        assert run(command, at, "new/mounted") == 0
    assert names("new/mounted") == written
    Path("new/here").mkdir()
    monkeypatch.chdir("new/here")
    assert run(command, at, ".") == 0
    assert os.path.samefile(".", Path.cwd()) and names(".") == written


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("command", "at"), WRITERS, ids=IDS)
def test_second_writer_is_refused(
    command: str, at: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The same command, while the first one has the folder."""
    lock, told = locks._open, [""]

    def lock_and_try_again(*arguments: Any) -> Any:
        opened = lock(*arguments)
        if told == [""]:
            told[0] = "tried"
            told.append(f"{run(command)} {capsys.readouterr().err}")
        return opened

    monkeypatch.setattr(locks, "_open", lock_and_try_again)
    assert run(command) == 0
    assert re.match(rf"1 ✘ \[D121\] \S*new/out\S* is being written by process {os.getpid()} on", told[1])
    assert not [path for path in Path("new").rglob("*") if "lock" in path.name]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "command",
    [
        "fetch mine conllu --local-dir conllu",
        "convert conllu .",
        "fetch-textcat mine labels --local-dir labels",
        "convert-textcat texts.jsonl .",
        "convert-sst sst sst --parser parser",
        "parse-texts texts.jsonl . --parser parser",
        "convert-relations treebank treebank",
        "write-text treebank . --more text.txt",
        "write-text treebank treebank",
        "write-text treebank labels --more labels/train.txt",
        "write-text treebank labels --more text.txt --untranslated labels",
        "apply tagger texts.jsonl . --output-format jsonl",
        "apply tagger labels labels/new --output-format jsonl",
        "apply tagger labels/*.txt labels --output-format jsonl --overwrite",
        "apply tagger labels/**/* labels/new --input-format text --output-format jsonl",
        "apply tagger text.txt text.txt --output-format jsonl",
    ],
)
def test_input_is_never_replaced(command: str, capsys: pytest.CaptureFixture) -> None:
    assert run(command) == 1
    assert re.match(r"✘ \[(D120|D191)\] ", capsys.readouterr().err)
