"""Tables that the commands print."""

from dataclasses import asdict
from typing import Any, Dict, Iterable, List, Sequence

from rich.table import Table

from ..data.textcat_corpus import TextCatStats
from ..evaluation.conll import ConllScore
from ..evaluation.result import NAMES, Evaluation


def make_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Whole numbers have commas between thousands, lists of words spaces, and nothing is a dash. An empty row is a
    line."""
    table = Table(title=title)
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i else "left")
    for row in rows:
        if row:
            table.add_row(*map(_cell, row))
        else:
            table.add_section()
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else " ".join(value) if isinstance(value, list) else str(value)


def counts_table(title: str, splits: Dict[str, Any], names: Sequence[str] = ()) -> Table:
    """What was found in each file, one row a file.

    splits: dataclasses by the file's name. names: their fields that are shown, by default all that are numbers.
    """
    found = {split: asdict(stats) for split, stats in splits.items()}
    first = next(iter(found.values()))
    names = names or [name for name, value in first.items() if isinstance(value, int)]
    header = ["split", *(name.replace("_", " ") for name in names)]
    return make_table(title, header, ([split, *map(own.get, names)] for split, own in found.items()))


def categories_table(title: str, stats: TextCatStats) -> Table:
    """What a conversion found, one row a category and one column a file."""
    files = stats.files.values()
    rows: List[List[Any]] = [["texts", *(own.texts for own in files)], ["tokens", *(own.tokens for own in files)], []]
    rows += [[label, *(own.cats[label] for own in files)] for label in stats.labels]
    kind = "one category" if stats.exclusive else "any number of categories"
    return make_table(f"{title} ({stats.lang}), {kind}", ["", *stats.files], rows)


def evaluation_table(title: str, evaluations: Dict[str, Evaluation], *, percent: bool = True) -> Table:
    """Scores, one row a setting, and a column for each score that any setting has; below, the F-score of each category
    and how many documents are in it. percent: show scores as such."""
    keys = list(dict.fromkeys(key for found in evaluations.values() for key in found.scores))
    amounts = list(next(iter(evaluations.values())).amounts)
    rows: List[List[Any]] = []
    for setting, found in evaluations.items():
        scores = [_score(found.scores[key], percent) if key in found.scores else None for key in keys]
        rows.append([setting.replace("_", " "), *scores, *(round(found.amounts[name]) for name in amounts)])
        rows.append([])
        for label, (f_score, n) in found.by_label.items():
            cells = (_score(f_score, percent) if key == "cats_macro_f" else "" for key in keys)
            rows.append([label, *cells, n, *("" for _ in amounts[1:])])
    named = (NAMES.get(key, key.removeprefix("transduced_").replace("_", " ")) for key in keys)
    return make_table(title, ["", *named, *(name.replace("_per_second", "/s") for name in amounts)], rows)


def conll_table(title: str, scores: Dict[str, ConllScore]) -> Table:
    """The scores of the CoNLL 2018 shared task, one row a metric."""
    names = ("precision", "recall", "f1", "aligned")
    found = ((metric, [getattr(score, name) for name in names]) for metric, score in scores.items())
    rows = ([metric, *(None if value is None else _score(value, True) for value in values)] for metric, values in found)
    return make_table(title, ["CoNLL 2018", "precision", "recall", "F1", "of aligned words"], rows)


def _score(value: float, percent: bool) -> str:
    return f"{100 * value:.2f}" if percent else f"{value:.4f}"
