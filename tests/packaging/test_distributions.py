"""The built archives, installed into a clean environment and used from outside the source folder."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from ..helpers import ROOT

# What a build reads; the rest of a checkout is no part of it.
SOURCES = [
    *("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "CHANGELOG.md", "Makefile"),
    *("constraints.txt", "requirements-benchmark.txt"),
]
FOLDERS = ("spacy_rnn", "benchmark", "project", "corpora", "tests")
MADE_BY_RUNS = ("assets", "corpus", "training", "metrics", "packages", "__pycache__", "project.lock")

USE = """
import sys
from importlib.metadata import entry_points
from pathlib import Path

import spacy
import spacy_rnn
from spacy.training import Example

assert Path(spacy_rnn.__file__).is_relative_to(sys.prefix), spacy_rnn.__file__
assert (Path(spacy_rnn.__file__).parent / "py.typed").is_file()
for group in ("spacy_factories", "spacy_architectures", "spacy_scorers", "spacy_callbacks"):
    mine = [point for point in entry_points(group=group) if point.value.startswith("spacy_rnn.")]
    assert mine, group
    for point in mine:
        assert point.load() is not None
        assert spacy.registry.has(group.removeprefix("spacy_"), point.name) or group == "spacy_factories", point.name
nlp = spacy.blank("xx")
nlp.add_pipe("rnn_tagger")
example = Example.from_dict(nlp.make_doc("Time flies"), {"pos": ["NOUN", "VERB"]})
nlp.initialize(lambda: [example])
nlp.to_disk("model")
assert spacy.load("model")("Time flies").has_annotation("POS")
"""

USE_PACKAGE = """
import xx_time_flies
from importlib.metadata import requires

ranges = [line for line in requires("xx_time_flies") if line.startswith("spacy-rnn")]
assert len(ranges) == 1 and ">=" in ranges[0] and "<" in ranges[0], requires("xx_time_flies")
assert xx_time_flies.load()("Time flies").has_annotation("POS")
"""


def call(*command: object, cwd: Path) -> str:
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean, capture_output=True, encoding="utf8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the sdist and the wheel, built from a copy of the sources; the wheel is built from the sdist."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name,
            source / name,
            ignore=shutil.ignore_patterns(*(MADE_BY_RUNS if name == "project" else ("__pycache__",))),
        )
    out = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=out)
    return out


def test_contents(dist: Path) -> None:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("LICENSE", "setup.py", "constraints.txt", "requirements-benchmark.txt", "benchmark/__main__.py"):
        assert name in names
    for name in ("project.yml", "configs/tagger.cfg", "texts/project.yml", "texts/configs/textcat_long.cfg"):
        assert f"project/{name}" in names
    for name in ("corpora/sample/mul_sample-ud-train.conllu", "tests/compat/tagger.json"):
        assert name in names
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"spacy_rnn"}


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_installed_outside_the_sources(dist: Path, tmp_path: Path, pattern: str) -> None:
    environment = tmp_path / "environment"
    call(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    python = environment / "bin" / "python"
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    # The dependencies are those of this environment; paths named in a .pth file bring no editable installs along.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf8")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed")
    call(*pip, "install", *options, next(dist.glob(pattern)), cwd=tmp_path)
    call(python, "-W", "error::ImportWarning", "-c", USE, cwd=tmp_path)
    assert "Usage: spacy-rnn" in call(environment / "bin" / "spacy-rnn", "--help", cwd=tmp_path)
    if pattern == "*.whl":
        # A pipeline made into a package asks for this one, and runs where both are installed.
        named = ("--name", "time_flies", "--build", "none")
        call(python, "-m", "spacy", "package", "model", tmp_path, *named, cwd=tmp_path)
        call(*pip, "install", *options, next(tmp_path.glob("*_time_flies-*")), cwd=tmp_path)
        call(python, "-c", USE_PACKAGE, cwd=tmp_path)
