"""The subcommands of `spacy-rnn` for treebanks, taggers and parsers."""

from pathlib import Path
from typing import List, Optional

import typer

from ..data.configure import configure
from ..data.convert import convert_treebank
from ..data.fetch.treebanks import REPO, TAG, fetch_treebank
from ..evaluation.conll import ConllEvaluation, evaluate_conll, gold_files
from ..evaluation.tagger import evaluate
from .app import app
from .common import (
    GPU_ID,
    LEXICON,
    MODEL,
    NOISE,
    SCORES_FILE,
    THREADS,
    VECTORS,
    console,
    open_pipeline,
    report,
    with_vectors,
)
from .tables import conll_table, counts_table

# The columns of the table of `convert`.
SHOWN = ("sentences", "words", "tokens", "multiword_merged", "multiword_split", "attrs")


@app.command("fetch")
def fetch_command(
    treebank: str = typer.Argument(..., help="Name of the treebank, such as UD_English-EWT."),
    output_dir: Path = typer.Argument(..., help="Folder for its files; replaced when everything has arrived."),
    local_dir: str = typer.Option("", help="Take *-ud-{train,dev,test}*.conllu from this folder; no network is used."),
    sample_dir: str = typer.Option("", help="The local folder for the treebank 'sample'."),
    project_dir: Optional[Path] = typer.Option(None, hidden=True),
    tag: str = typer.Option(TAG, help="Tag of the treebank's repository."),
    repo: str = typer.Option(REPO, help="Address that the repositories of all treebanks are under."),
) -> None:
    """Fetch a treebank from the package index, its git repository or a local folder."""
    if treebank == "sample" and not local_dir:
        local_dir = sample_dir
    local = Path(local_dir) if local_dir else None
    fetched = fetch_treebank(treebank, output_dir, local_dir=local, tag=tag, repo=repo)
    console.print(f"{treebank}: {'fetched to' if fetched else 'already in'} {output_dir}", soft_wrap=True)


@app.command("convert")
def convert_command(
    source_dir: Path = typer.Argument(..., help="Folder of *-ud-{train,dev,test}*.conllu."),
    output_dir: Path = typer.Argument(..., help="Folder for the .spacy files; replaced."),
    lang: str = typer.Option("", help="spaCy language code; by default taken from the file names."),
) -> None:
    """Convert a treebank to spaCy's binary format."""
    stats = convert_treebank(source_dir, output_dir, lang or None)
    for message in stats.messages:
        console.print(message, soft_wrap=True)
    console.print(counts_table(f"{output_dir.name} ({stats.lang})", stats.splits, SHOWN))


@app.command("configure")
def configure_command(
    config_path: Path = typer.Argument(..., help="A training config.", exists=True, dir_okay=False),
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`."),
    output_path: Path = typer.Argument(..., help="Where to write the config."),
    threads: int = THREADS,
    max_steps: int = typer.Option(0, help="Largest number of training steps; 0 for that of the config.", min=0),
    words: bool = typer.Option(False, help="Train on the words as annotated instead of the tokens of the text."),
    vectors: str = VECTORS,
    lexicon: str = LEXICON,
) -> None:
    """Fit a training config to a converted treebank: language, tokenizer and paths."""
    resources = {"vectors": vectors, "lexicon": lexicon}
    configure(config_path, corpus_dir, output_path, threads=threads, words=words, max_steps=max_steps, **resources)


@app.command("evaluate")
def evaluate_command(
    model: str = MODEL,
    corpus_dir: Path = typer.Argument(..., help="Folder made by `spacy-rnn convert`."),
    output: Optional[Path] = SCORES_FILE,
    split: str = typer.Option("test", help="train, dev or test."),
    noise: bool = NOISE,
    conllu: Optional[Path] = typer.Option(
        None,
        help="Gold CoNLL-U, or the treebank's folder: also the scores of CoNLL 2018, computed by udtools.",
    ),
    gold_sentences: bool = typer.Option(False, help="For --conllu: give the pipeline sentences, not paragraphs."),
    gpu_id: int = GPU_ID,
    threads: int = THREADS,
) -> None:
    """Score taggers and parsers on the words as annotated and on raw text, and measure its speed."""
    nlp = open_pipeline(model, gpu_id, threads)
    title = f"{corpus_dir.name}, {split}{with_vectors(nlp)}"
    conll = None
    if conllu is not None:
        conll = evaluate_conll(nlp, gold_files(conllu, split), gold_sentences=gold_sentences)
    evaluations = evaluate(nlp, corpus_dir, split, noise=noise)
    report(title, evaluations, output, more=None if conll is None else {"conll": conll.to_json()})
    if conll is not None:
        console.print(conll_table(title, conll.scores))
        for remark in remarks(conll, gold_sentences):
            console.print(remark, soft_wrap=True)


def remarks(conll: ConllEvaluation, gold_sentences: bool) -> List[str]:
    """What to know about the text that was scored."""
    found = []
    if gold_sentences:
        found.append("The sentences are the gold ones.")
    elif conll.written.sentences <= conll.written.docs:
        found.append("The pipeline splits no paragraph into sentences. See also --gold-sentences.")
    if conll.written.without_tree:
        share = f"{conll.written.without_tree:,} of {conll.written.sentences:,} sentences"
        found.append(f"{share} have no tree; all their words were put under the first one, with the relation dep.")
    return found
