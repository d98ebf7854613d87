"""Two trained lemmatizers on one converted treebank: accuracy on gold words with gold and with predicted tags, and
words/s."""

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import spacy
import torch
import typer
from spacy.language import Language
from spacy.tokens import Doc, DocBin

from spacy_rnn.evaluation.lemmas import evaluate_lemmas, put_tagger_before

from .figures import Results, show, write_json
from .pipelines import clear_caches, percentages, words_per_second
from .turns import by_turns, medians

OURS, PEER = "spacy-rnn", "spaCy trainable_lemmatizer"
TAGS: List[Any] = ["POS", "TAG", "MORPH"]


def read_docs(path: Path, nlp: Language, *, tagged: bool) -> List[Doc]:
    """The documents of a .spacy file without annotations, or with their gold tags."""
    docs = []
    for gold in DocBin().from_disk(path).get_docs(nlp.vocab):
        doc = Doc(nlp.vocab, words=[token.text for token in gold], spaces=[bool(token.whitespace_) for token in gold])
        if tagged:
            values: Any = gold.to_array(TAGS)
            doc.from_array(TAGS, values)
        docs.append(doc)
    return docs


def lemmas_command(
    corpus_dir: Path = typer.Argument(..., help="A converted treebank"),
    ours: Path = typer.Argument(..., help="A pipeline with our lemmatizer"),
    peer: Path = typer.Argument(..., help="A pipeline with spaCy's lemmatizer"),
    tagger: Optional[Path] = typer.Option(None, help="A pipeline with a tagger, for predicted tags"),
    output: Optional[Path] = typer.Option(None, help="JSON file for the figures"),
    split: str = typer.Option("test", help="The split to score"),
    repeats: int = typer.Option(5, help="Timed runs of each side, by turns; 0 for none"),
    threads: int = typer.Option(1, help="Threads of torch; OMP_NUM_THREADS sets those of other libraries"),
) -> None:
    """Compare two trained lemmatizers on one treebank: accuracy with gold and with predicted tags, and speed."""
    torch.set_num_threads(threads)
    lemmatizer, spacys = spacy.load(ours), spacy.load(peer)
    found = evaluate_lemmas(lemmatizer, corpus_dir, split, spacy.load(tagger) if tagger else None)
    results: Results = {
        OURS: {setting.replace("_", " "): 100 * evaluation.scores["lemma_acc"] for setting, evaluation in found.items()}
    }
    path, text = corpus_dir / f"{split}-words.spacy", corpus_dir / "train-words.spacy"
    # spaCy's lemmatizer reads words only, so that tags make no difference.
    (score,) = percentages(spacys, path, {"lemma_acc": ""}, gold_words=True).values()
    results[PEER] = dict.fromkeys(results[OURS], score)

    def cold(nlp: Language, texts: Path, *, tagged: bool) -> float:
        clear_caches(nlp)
        return words_per_second(nlp, read_docs(texts, nlp, tagged=tagged))

    runs: Dict[Tuple[str, str], Callable[[], float]] = {
        (OURS, "words/s"): partial(cold, lemmatizer, path, tagged=True),
        (PEER, "words/s"): partial(cold, spacys, path, tagged=False),
        (OURS, "words/s, train text"): partial(cold, lemmatizer, text, tagged=True),
        (PEER, "words/s, train text"): partial(cold, spacys, text, tagged=False),
    }
    if tagger:
        both = put_tagger_before(lemmatizer, spacy.load(tagger))
        runs[OURS, "words/s with tagger"] = partial(cold, both, path, tagged=False)
    for (name, kind), speed in medians(by_turns(runs, repeats)).items():
        results[name][kind] = speed
    title = f"{corpus_dir.name}, {split}, gold words; {threads} thread(s); medians of {repeats}, cold caches"
    show(title, results)
    write_json(output, {"results": results, "threads": threads})
