"""README and docs: links lead somewhere, code runs, configs resolve, commands exist, nothing registered is left out."""

import inspect
import re
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
import srsly
from spacy.util import registry
from thinc.api import Config

from ..helpers import ROOT
from .commands import CommandError, check_command, check_script
from .pages import PAGES, anchors, blocks, links, name_of, prose, read, spans

COMMANDS = ("spacy-rnn ", "spacy project run ", "python ", "make ")


def with_blocks(language: str, *but: str) -> Any:
    """The pages that have blocks of a language. but: names of files to leave out."""
    found = [page for page in PAGES if page.name not in but and any(one.language == language for one in blocks(page))]
    assert found
    return pytest.mark.parametrize("page", found, ids=name_of)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links(page: Path) -> None:
    """Relative links name files of the repository, and headings in them. Those of docs stay within docs: the site has
    nothing else."""
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), f"{path} does not exist"
        assert not anchor or anchor in anchors(target), f"{target.name} has no heading #{anchor}"
        if page.parent != ROOT:
            assert target.is_relative_to(ROOT / "docs"), f"{path} is not a page of the site"


@with_blocks("python", "your-data.md")  # which test_your_data.py runs
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page in order, in one namespace and an empty folder; a warning is an error."""
    monkeypatch.chdir(tmp_path)
    namespace: Dict[str, Any] = {"__name__": "page"}
    for block in blocks(page):
        if block.language == "python":
            # Errors name the line of the page.
            code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
            exec(code, namespace)


@with_blocks("ini")
def test_configs_resolve(page: Path) -> None:
    """Every function is registered and has these settings; what is complete can be built."""
    for block in blocks(page):
        if block.language == "ini":
            config = Config().from_str(with_parents(block.text), interpolate=False)
            for section in promises(config):
                check_promise(section)


def with_parents(text: str) -> str:
    """A part of a config, with the sections that its own are in."""
    headers = re.findall(r"^\[(.+)\]$", text, re.MULTILINE)
    parts = [header.split(".") for header in headers]
    above = dict.fromkeys(".".join(part[:n]) for part in parts for n in range(1, len(part)))
    return "".join(f"[{name}]\n" for name in above if name not in headers) + text


def promises(section: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    """The outermost blocks that name a registered function."""
    if any(key.startswith("@") for key in section):
        yield section
        return
    for value in section.values():
        if isinstance(value, dict):
            yield from promises(value)


def check_promise(section: Dict[str, Any]) -> None:
    text = Config({"section": section}).to_str(interpolate=False)
    if "${" not in text and ".safetensors" not in text:
        registry.resolve({"section": section})
        return
    group = next(key for key in section if key.startswith("@"))
    function = registry.get(group[1:], section[group])
    unknown = section.keys() - {group} - inspect.signature(function).parameters.keys()
    assert not unknown, f"{section[group]} has no {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_exist(page: Path) -> None:
    for block in blocks(page):
        if block.language == "sh":
            check_script(block.text)
    for span in spans(page):
        if span.startswith(COMMANDS):
            check_command(span.split(), ROOT)


@pytest.mark.parametrize(
    "script",
    [
        "make nothing",
        "make train TREEBANKS=x",
        "spacy-rnn nothing",
        "spacy-rnn convert a b --nothing 1",
        "cd nothing",
        "cd project\nspacy project run nothing .",
        "(cd project && spacy project run train . --vars.nothing 1)",
        "python -m benchmark nothing",
        "cd project\npython -m benchmark scaling MODEL OUTPUT",
        "cd project\npython ../benchmark nothing",
        "python -m pytest tests/nothing.py",
        "cd project\npython nothing.py",
    ],
)
def test_wrong_commands_are_found(script: str) -> None:
    with pytest.raises(CommandError):
        check_script(script)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_named_files_exist(page: Path) -> None:
    """Files and folders of the repository that sentences name; `tests/x.py -k name` also names tests."""
    for span in spans(page):
        path, _, selected = span.partition(" -k ")
        if re.fullmatch(r"(project|tests|spacy_rnn|corpora|benchmark)/[\w./-]*", path) and "/training/" not in path:
            assert (ROOT / path).exists(), f"{path} does not exist"
            for name in re.findall(r"\w+", selected.replace(" or ", " ")):
                files = [ROOT / path] if (ROOT / path).is_file() else (ROOT / path).glob("test_*.py")
                found = any(re.search(rf"def test_\w*{name}", read(file)) for file in files)
                assert found, f"{path} has no test {name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_hold_what_is_said(page: Path) -> None:
    """`spacy_rnn/x.py`: `A`, `b` names classes and functions of a module, or functions that it registers."""
    setup = read(ROOT / "setup.py")
    for path, names in re.findall(r"`(spacy_rnn/[\w/]+\.py)`: ((?:`[\w.-]+`(?:, )?)+)", prose(page)):
        module = path.removesuffix(".py").replace("/", ".")
        for name in re.findall(r"[\w.-]+", names.replace("`", "")):
            pattern = rf'"{name} = {module}:' if name.startswith("spacy-rnn.") else rf"^(class|def) {name}\b"
            text = setup if name.startswith("spacy-rnn.") else read(ROOT / path)
            assert re.search(pattern, text, re.MULTILINE), f"{path} has no {name}"


def test_everything_registered_is_there() -> None:
    """Every component and every function of setup.py is named in the docs."""
    entry_points = re.findall(r"\"([\w.-]+) = spacy_rnn\.[\w.]+:(\w+)\"", read(ROOT / "setup.py"))
    names = {name for name, function in entry_points if function != "main"}
    named = {span for page in PAGES if page.parent != ROOT for span in spans(page)}
    assert len(names) > 20
    assert not names - named


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/-]+\.md", str(srsly.read_yaml(ROOT / "mkdocs.yml")["nav"])))
    assert listed == {page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.parent != ROOT}


def test_readme_is_short() -> None:
    assert len(read(ROOT / "README.md").splitlines()) < 120


def test_nothing_is_fetched_from_elsewhere() -> None:
    """Pages and pictures come from the repository."""
    settings = read(ROOT / "mkdocs.yml")
    assert "font: false" in settings and "://" not in settings
    assert not any(re.search(r"!\[[^]]*\]\(\w+://|<script|<img", prose(page)) for page in PAGES)
