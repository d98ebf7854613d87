"""Generate texts of every label, and let a text categorizer predict their labels.

A generated text counts if the predicted label is its own, or one that is easily confused with it. The categorizer's
mistakes on the real texts of the dev set tell which labels are.
"""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Set

import spacy
import srsly
import typer
from rich.console import Console
from rich.table import Table
from spacy.language import Language

from spacy_rnn.lm.generate import generate
from spacy_rnn.models.char_lm_file import load_lm

Confusions = Dict[str, Counter]


def predicted(nlp: Language, texts: List[str]) -> List[str]:
    """The likeliest label of each text."""
    return [max(doc.cats, key=lambda label: doc.cats[label]) for doc in nlp.pipe(texts)]


def confusions(nlp: Language, records: List[Dict[str, Any]]) -> Confusions:
    """For each label, the counts of the labels predicted for its texts."""
    found: Confusions = {}
    for record, label in zip(records, predicted(nlp, [record["text"] for record in records])):
        found.setdefault(record["label"], Counter())[label] += 1
    return found


def easily_confused(found: Confusions, share: float) -> Dict[str, Set[str]]:
    """For each label, the others that it is confused with, in either direction, for at least a `share` of texts."""
    pairs = {
        frozenset((label, other))
        for label, counts in found.items()
        for other, n in counts.items()
        if other != label and n >= share * sum(counts.values())
    }
    return {label: {other for pair in pairs if label in pair for other in pair if other != label} for label in found}


def main(
    lm_path: Path = typer.Argument(..., help="A language model trained on labelled texts."),
    categorizer: Path = typer.Argument(..., help="A pipeline with a text categorizer trained on the same texts."),
    texts_dir: Path = typer.Argument(..., help="Folder of train.jsonl, dev.jsonl and test.jsonl."),
    output: Path = typer.Option(..., help="JSON file for the figures; the texts are written beside it."),
    number: int = typer.Option(100, help="Texts of each label.", min=1),
    temperature: float = 0.8,
    top_k: int = 0,
    top_p: float = 1.0,
    max_chars: int = 300,
    share: float = typer.Option(0.05, help="Share of dev texts by which two labels are easily confused."),
    seed: int = 0,
) -> None:
    """Generate texts of every label; print and write how often the categorizer predicts it."""
    nlp, lm = spacy.load(categorizer), load_lm(lm_path)
    splits = {name: list(srsly.read_jsonl(texts_dir / f"{name}.jsonl")) for name in ("train", "dev", "test")}
    known = {record["text"] for record in splits["train"]}
    alike = easily_confused(confusions(nlp, splits["dev"]), share)
    real = confusions(nlp, splits["test"])
    rows: List[Dict[str, Any]] = []
    generated: List[Dict[str, str]] = []
    for label in lm.vocabulary.labels:
        settings = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "max_chars": max_chars}
        texts = generate(lm, n=number, label=label, seed=seed, **settings)  # type: ignore[arg-type]
        generated += [{"label": label, "text": text} for text in texts]
        made = Counter(predicted(nlp, texts))
        rows.append(
            {
                "label": label,
                "confused with": sorted(alike.get(label, ())),
                "generated": rates(made, label, alike),
                "real": rates(real[label], label, alike) if label in real else None,
                "new": sum(text not in known for text in texts) / number,
            }
        )
    show(rows)
    output.parent.mkdir(parents=True, exist_ok=True)
    srsly.write_json(output, {"rows": rows, "reached": sum(row["generated"]["alike"] >= 0.9 for row in rows)})
    srsly.write_jsonl(output.with_suffix(".jsonl"), generated)


def rates(found: Counter, label: str, alike: Dict[str, Set[str]]) -> Dict[str, float]:
    """The share of texts with the label itself, and with that or one easily confused with it."""
    total = sum(found.values())
    close = sum(n for other, n in found.items() if other == label or other in alike.get(label, ()))
    return {"same": found[label] / total, "alike": close / total}


def show(rows: List[Dict[str, Any]]) -> None:
    table = Table(title="predicted as the label, and as it or one easily confused with it, in percent")
    for name in ("label", "generated: same", "alike", "real: same", "alike", "not in train", "easily confused with"):
        table.add_column(name, justify="left" if name in ("label", "easily confused with") else "right")
    for row in rows:
        figures = [row[kind][key] if row[kind] else None for kind in ("generated", "real") for key in ("same", "alike")]
        cells = ["-" if figure is None else f"{100 * figure:.1f}" for figure in (*figures, row["new"])]
        table.add_row(row["label"], *cells, " ".join(row["confused with"]))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
