"""Two trained lemmatizers on one converted treebank: accuracy on gold words with gold and with predicted tags, and
words/s."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import spacy
import srsly
import torch
import typer
from rich.console import Console
from rich.table import Table
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Corpus

from spacy_rnn.evaluation.lemmas import evaluate_lemmas, put_tagger_before

from .turns import by_turns, forget, medians, words_per_second

OURS, PEER = "spacy-rnn", "spaCy trainable_lemmatizer"
TAGS = ["pos", "tag", "morph"]


def read_docs(path: Path, nlp: Language, *, tagged: bool) -> List[Doc]:
    """Bare documents of a file, with gold tags or without."""
    docs = []
    for gold in DocBin().from_disk(path).get_docs(nlp.vocab):
        doc = Doc(nlp.vocab, words=[token.text for token in gold], spaces=[bool(token.whitespace_) for token in gold])
        if tagged:
            attrs: List[Any] = [name.upper() for name in TAGS]
            values: Any = gold.to_array(attrs)
            doc.from_array(attrs, values)
        docs.append(doc)
    return docs


def lemmas_command(
    corpus_dir: Path = typer.Argument(..., help="Converted treebank"),
    ours: Path = typer.Argument(..., help="Pipeline with our lemmatizer"),
    peer: Path = typer.Argument(..., help="Pipeline with spaCy's lemmatizer"),
    tagger: Optional[Path] = typer.Option(None, help="Pipeline that tags, for predicted tags"),
    output: Optional[Path] = typer.Option(None, help="JSON file for the figures"),
    split: str = typer.Option("test", help="The split that is scored"),
    repeats: int = typer.Option(5, help="Timed runs of each side, alternating; 0 for none"),
    threads: int = typer.Option(1, help="Threads that torch may use; set OMP_NUM_THREADS for the rest"),
) -> None:
    """Two trained lemmatizers on one treebank: accuracy with gold and with predicted tags, and speed."""
    torch.set_num_threads(threads)
    lemmatizer, spacys = spacy.load(ours), spacy.load(peer)
    results: Dict[str, Dict[str, float]] = {OURS: {}, PEER: {}}
    for setting, found in evaluate_lemmas(
        lemmatizer, corpus_dir, split, spacy.load(tagger) if tagger else None
    ).items():
        results[OURS][setting.replace("_", " ")] = 100 * found.scores["lemma_acc"]
    path = corpus_dir / f"{split}-words.spacy"
    # It reads words only, so tags make no difference.
    results[PEER]["gold tags"] = 100 * spacys.evaluate(list(Corpus(path, gold_preproc=True)(spacys)))["lemma_acc"]
    if tagger:
        results[PEER]["predicted tags"] = results[PEER]["gold tags"]

    text = corpus_dir / "train-words.spacy"

    def cold(nlp: Language, texts: Path, *, tagged: bool) -> Callable[[], float]:
        def run() -> float:
            forget(nlp)
            return words_per_second(nlp, read_docs(texts, nlp, tagged=tagged))

        return run

    runs: Dict[Tuple[str, str], Callable[[], float]] = {
        (OURS, "words/s"): cold(lemmatizer, path, tagged=True),
        (PEER, "words/s"): cold(spacys, path, tagged=False),
        (OURS, "words/s, train text"): cold(lemmatizer, text, tagged=True),
        (PEER, "words/s, train text"): cold(spacys, text, tagged=False),
    }
    if tagger:
        both = put_tagger_before(lemmatizer, spacy.load(tagger))
        runs[OURS, "words/s with tagger"] = cold(both, path, tagged=False)
    for (name, kind), speed in medians(by_turns(runs, repeats)).items():
        results[name][kind] = speed

    table = Table(
        title=f"{corpus_dir.name}, {split}, gold words; {threads} thread(s); medians of {repeats}, cold caches"
    )
    table.add_column("")
    columns = list(results[OURS])
    for column in columns:
        table.add_column(column, justify="right")
    for name, figures in results.items():
        cells = (f"{figures[c]:,.0f}" if "/s" in c else f"{figures[c]:.2f}" for c in columns if c in figures)
        table.add_row(name, *cells)
    Console().print(table)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        srsly.write_json(output, {"results": results, "threads": threads})
