"""What the commands print, as tables."""

from typing import Dict

from rich.table import Table

from ..data.convert import TreebankStats
from ..data.textcat_corpus import TextCatStats
from ..evaluation.tagger import SCORES, Evaluation
from ..evaluation.textcat import NAMES, TextCatEvaluation

SETTINGS = {"gold_words": "gold words", "raw_text": "raw text"}


def stats_table(title: str, stats: TreebankStats) -> Table:
    """What a conversion found, one row a split."""
    table = Table(title=f"{title} ({stats.lang})")
    table.add_column("split")
    for name in ("sentences", "words", "tokens", "multiword merged", "multiword split"):
        table.add_column(name, justify="right")
    table.add_column("annotated")
    for split, found in stats.splits.items():
        counts = (found.sentences, found.words, found.tokens, found.multiword_merged, found.multiword_split)
        table.add_row(split, *(f"{n:,}" for n in counts), " ".join(found.attrs))
    return table


def evaluation_table(title: str, evaluations: Dict[str, Evaluation]) -> Table:
    """Scores in percent, one row a setting, and a column for each attribute that has any."""
    keys = [key for key in SCORES if any(key in found.scores for found in evaluations.values())]
    table = Table(title=title)
    table.add_column("")
    for name in (*(SCORES[key] for key in keys), "words", "words/s"):
        table.add_column(name, justify="right")
    for setting, found in evaluations.items():
        scores = (f"{100 * found.scores[key]:.2f}" if key in found.scores else "-" for key in keys)
        table.add_row(SETTINGS[setting], *scores, f"{found.words:,}", f"{found.words_per_second:,.0f}")
    return table


def textcat_stats_table(title: str, stats: TextCatStats) -> Table:
    """What a conversion found, one row a category."""
    table = Table(title=f"{title} ({stats.lang}), {'one category' if stats.exclusive else 'any number of categories'}")
    table.add_column("")
    for name in stats.files:
        table.add_column(name, justify="right")
    table.add_row("texts", *(f"{found.texts:,}" for found in stats.files.values()))
    table.add_row("tokens", *(f"{found.tokens:,}" for found in stats.files.values()), end_section=True)
    for label in stats.labels:
        table.add_row(label, *(f"{found.cats[label]:,}" for found in stats.files.values()))
    return table


def textcat_table(title: str, found: TextCatEvaluation) -> Table:
    """Scores in percent, and those of each category below."""
    table = Table(title=title)
    for name in ("", *(NAMES[key] for key in found.scores), "texts", "words/s"):
        table.add_column(name, justify="right" if name else "left")
    figures = (f"{100 * value:.2f}" for value in found.scores.values())
    table.add_row("all", *figures, f"{found.texts:,}", f"{found.words_per_second:,.0f}", end_section=True)
    for label, f_score in found.f_by_label.items():
        cells = (f"{100 * f_score:.2f}" if key == "cats_macro_f" else "" for key in found.scores)
        table.add_row(label, *cells, f"{found.texts_by_label[label]:,}", "")
    return table
