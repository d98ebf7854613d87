"""Portuguese tweets about the stock market, labelled with emotions, from a wheel on the package index."""

import csv
import re
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from ..text_files import whole_lines

EMOTIONS_MEMBER = "dante/data/dantestocks.csv"

# The eight emotions of Plutchik's wheel, and none.
LABELS = {
    "TRU": "trust",
    "DIS": "disgust",
    "JOY": "joy",
    "SAD": "sadness",
    "ANT": "anticipation",
    "SUR": "surprise",
    "ANG": "anger",
    "FEA": "fear",
    "NEUTRAL": "neutral",
}
# The parts in which tweets from one template differ.
VARYING = re.compile(r"https?://\S+|[\W\d_]+")


def read_emotions(archive: Path) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Records with text and cats. The key of each is its text without links, numbers and punctuation, so that tweets
    from one template stay together.

    1 stands for an emotion that is present, 0 for one that is absent. The category is left out where a negative number
    says that the annotators did not decide.
    """
    with zipfile.ZipFile(archive) as opened, opened.open(EMOTIONS_MEMBER) as stream:
        rows = list(csv.DictReader(whole_lines(stream, EMOTIONS_MEMBER)))
    for row in rows:
        cats = {label: float(row[column]) for column, label in LABELS.items() if int(row[column]) >= 0}
        if row["text"].strip() and cats:
            yield VARYING.sub("", row["text"].lower()), {"text": row["text"].strip(), "cats": cats}
