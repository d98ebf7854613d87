"""The interface of all taggers that are measured."""

import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, List, Tuple

Tags = List[List[Tuple[str, str, str]]]


class System(ABC):
    """A tagger of UPOS, XPOS and FEATS.

    treebank: a folder of *-ud-{train,dev,test}.conllu. corpus: the same, converted for spaCy. model: where the trained
    model is or will be.
    """

    timed_sentences = 0
    """The number of training sentences to time prediction on; 0 for all. Slow systems would take minutes for all."""

    def __init__(self, treebank: Path, corpus: Path, model: Path, **settings: Any):
        self.treebank, self.corpus, self.model, self.settings = treebank, corpus, model, settings

    @abstractmethod
    def fit(self) -> None:
        """Train in full and save to `model`."""

    @abstractmethod
    def load(self) -> None:
        """Load from `model`."""

    @abstractmethod
    def prepare(self, words: List[List[str]], texts: List[str]) -> None:
        """Convert the input of the timed calls to the tagger's own types."""

    def prepare_words(self) -> None:  # noqa: B027 (most systems can tag their input again)
        """Renew the input of `tag_words`, which a call may use up."""

    @abstractmethod
    def tag_words(self) -> None:
        """Tag the prepared words."""

    @abstractmethod
    def tag_texts(self) -> None:
        """Tokenize and tag the prepared texts."""

    @abstractmethod
    def tags(self) -> Tags:
        """The tags of the prepared words."""

    @abstractmethod
    def train_speed(self, seconds: float) -> float:
        """Train for about that long, and return words/s."""

    def clear_caches(self) -> None:  # noqa: B027 (most systems have none)
        """Empty the caches that predictions fill."""


def run_logged(command: List[str], model: Path) -> str:
    """Run a program with its output in a file beside the model, and return the output.

    Raises RuntimeError with the end of the output if the program fails.
    """
    path = model.parent / f"{model.name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf8") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
    text = path.read_text(encoding="utf8", errors="replace")
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed, see {path}:\n{text[-2000:]}")
    return text
