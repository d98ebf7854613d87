"""The scores of the CoNLL 2018 shared task (https://aclanthology.org/K18-2001), from raw text.

They are computed by the official scorer, the program `udeval` of the package udtools, which is called and never
imported. See `evaluate_conll` for the text that a pipeline is given.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from ..data.conllu import ConlluCounts, ConlluWriter, Sentence, read_conllu
from ..data.convert import find_split_files
from ..data.merge import surface_text
from ..data.text_files import accepted, read_lines
from ..errors import CorpusError, Errors

SCORER = "udeval"
LONGEST = 20_000
"""Characters after which a paragraph ends with the next sentence. Some treebanks mark no paragraphs at all."""
# How the last line of a traceback begins.
_ERROR = re.compile(r"^(?:\w+\.)*\w+(?:Error|Exception): ", re.MULTILINE)


@dataclass(frozen=True)
class ConllScore:
    """How much of one thing was found, from 0 to 1: what is right, as a share of what was predicted (precision), of
    the gold data (recall), of both (f1, what the shared task reports) and of the gold words that were found at all
    (aligned, None for tokens and sentences)."""

    precision: float
    recall: float
    f1: float
    aligned: Optional[float] = None

    @classmethod
    def from_counts(cls, right: int, gold: int, predicted: int, aligned: Optional[int] = None) -> "ConllScore":
        """The shares of counts, 0 where there is nothing."""
        return cls(
            right / predicted if predicted else 0.0,
            right / gold if gold else 0.0,
            2 * right / (gold + predicted) if gold + predicted else 0.0,
            right / aligned if aligned else None,
        )


@dataclass
class ConllEvaluation:
    """The scores of a pipeline by their official names, from "Tokens" to "BLEX", and the counts of its output."""

    scores: Dict[str, ConllScore]
    written: ConlluCounts

    def to_json(self) -> Dict[str, Any]:
        """Plain data to be written to a file."""
        return {name: asdict(score) for name, score in self.scores.items()}


def evaluate_conll(nlp: Language, paths: Sequence[Path], *, gold_sentences: bool = False) -> ConllEvaluation:
    """Score a pipeline on the text of CoNLL-U files, as `udeval` does.

    paths: of the gold data, in order.
    gold_sentences: give the pipeline each sentence by itself. By default, as in the shared task, it is given whole
        paragraphs and has to find the sentences; if it looks for none, a paragraph is one.

    A sentence without a tree is scored with a flat one, see `ConlluWriter`. A token of the pipeline counts as one word,
    so where the gold data has several words in a multiword token, those are wrong unless the tokenizer finds them.
    Raises CorpusError if `udeval` is not installed, for gold data that cannot be read, and if the scorer refuses it.
    """
    scorer = find_scorer()
    with tempfile.TemporaryDirectory() as name:
        gold, system = Path(name) / "gold.conllu", Path(name) / "system.conllu"
        with system.open("w", encoding="utf8", newline="\n") as target:
            writer = ConlluWriter(target, flat_trees=True)
            sentences = (sentence for path in paths for sentence in read_conllu(path))
            parts = ([one] for one in sentences) if gold_sentences else paragraphs(sentences)
            for doc in nlp.pipe(make_doc(nlp, part) for part in parts):
                writer.write(doc)
        with gold.open("w", encoding="utf8", newline="\n") as target:
            for path in paths:
                target.writelines(line + "\n" for line in read_lines(path))
        return ConllEvaluation(run_scorer(scorer, gold, system), writer.counts)


def gold_files(path: Path, split: str = "test") -> List[Path]:
    """The file itself, or those of a split in the folder of a treebank. Raises CorpusError if there are none."""
    if path.is_dir():
        return find_split_files(path)[split]
    return [path]


def paragraphs(sentences: Iterable[Sentence]) -> Iterator[List[Sentence]]:
    """The sentences of each paragraph. No document goes on in the next one."""
    found: List[Sentence] = []
    size = 0
    for sentence in sentences:
        if found and (sentence.starts_paragraph or size > LONGEST):
            yield found
            found, size = [], 0
        found.append(sentence)
        size += sum(len(unit.form) for unit in sentence.surface())
    if found:
        yield found


def make_doc(nlp: Language, sentences: Sequence[Sentence]) -> Doc:
    """The text of consecutive sentences as the pipeline's tokenizer splits it. Raises CorpusError if it refuses it."""
    text = ""
    for sentence in sentences:
        text += surface_text(sentence)[0] + " " * sentence.surface()[-1].space_after
    with accepted(sentences[0].path, sentences[0].line):
        return nlp.make_doc(text.rstrip(" "))


def find_scorer() -> str:
    """The path of `udeval`, beside this Python or elsewhere. Raises CorpusError if it is not installed."""
    found = shutil.which(SCORER, path=str(Path(sys.executable).parent)) or shutil.which(SCORER)
    if found is None:
        raise CorpusError(Errors.D240)
    return found


def run_scorer(scorer: str, gold: Path, system: Path) -> Dict[str, ConllScore]:
    """What the scorer says of a file. Raises CorpusError if it refuses one of the two."""
    command = [scorer, "--counts", "--no-enhanced", str(gold), str(system)]
    done = subprocess.run(command, capture_output=True, encoding="utf8", errors="replace", check=False)
    scores = read_counts(done.stdout) if done.returncode == 0 else {}
    if not scores:
        errors = list(_ERROR.finditer(done.stderr))
        reason = done.stderr[errors[-1].end() :] if errors else done.stderr or f"exit status {done.returncode}"
        raise CorpusError(Errors.D241.format(reason=" ".join(reason.split())))
    return scores


def read_counts(table: str) -> Dict[str, ConllScore]:
    """The scores of a table that `udeval --counts` prints: of each metric the counts of what is right, gold, predicted
    and, for words, aligned."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    return {row[0]: ConllScore.from_counts(*(int(cell) for cell in row[1:] if cell)) for row in rows if is_counts(row)}


def is_counts(row: Sequence[str]) -> bool:
    """Whether this is a row of counts, of which the last one may be empty."""
    return len(row) == 5 and all(map(str.isdecimal, row[1:4])) and (not row[4] or row[4].isdecimal())
