"""Convert a treebank to spaCy's binary format, once with the tokens of the text and once with the annotated words."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..base.files import replaced_folder
from ..errors import CorpusError, Errors
from .conllu import ConlluWord, Sentence, heads_of, read_conllu
from .language import blank_pipeline, tokenizer_config, treebank_language
from .merge import annotated_words, surface_text, text_tokens

SPLITS = ("train", "dev", "test")
ATTRS = ("pos", "tag", "morph", "lemma", "heads")
DOC_ATTRS = ("ORTH", "SPACY", "TAG", "POS", "MORPH", "LEMMA", "HEAD", "DEP", "SENT_START")


@dataclass
class SplitStats:
    """The counts of one split of a treebank."""

    sentences: int = 0
    words: int = 0  # as annotated
    tokens: int = 0  # of the text, after merging
    multiword_merged: int = 0
    multiword_split: int = 0
    text_mismatches: int = 0  # sentences whose `# text` differs from their forms
    attrs: List[str] = field(default_factory=list)  # those of ATTRS that any word has


@dataclass
class TreebankStats:
    """A converted treebank, as described in its `stats.json`."""

    lang: str
    tokenizer: Dict[str, Any]
    messages: List[str]  # for the user: what had to be replaced
    splits: Dict[str, SplitStats]

    @property
    def attrs(self) -> List[str]:
        """The attributes that any split has, in a fixed order."""
        return [attr for attr in ATTRS if any(attr in split.attrs for split in self.splits.values())]


def convert_treebank(source_dir: Path, output_dir: Path, lang: Optional[str] = None) -> TreebankStats:
    """Convert `*-ud-{train,dev,test}.conllu` to `{split}.spacy` and `{split}-words.spacy`, one Doc a sentence.

    `{split}.spacy` has the tokens of the text, where multiword tokens are merged if the language's tokenizer leaves
    them whole. `{split}-words.spacy` has the words as annotated. `stats.json` describes them. An existing folder is
    replaced.

    lang: a spaCy language code; by default, it is taken from the file names.
    Raises CorpusError for a missing or a broken file; the output folder then stays as it was.
    """
    paths = find_split_files(source_dir)
    messages = []
    if lang is None:
        lang, code = treebank_language(paths["train"])
        if lang == "xx" and code != "mul":
            messages.append(f"spaCy has no language '{code}': using the multi-language pipeline 'xx'.")
    tokenizer, stands_in = tokenizer_config(lang)
    if stands_in:
        messages.append(
            f"The tokenizer of '{lang}' needs packages that are not installed: using spaCy's rule-based tokenizer."
        )
    treebank = {split: list(read_conllu(path)) for split, path in paths.items()}
    # FEATS `_` means that a word has no features, but only in a treebank that annotates features at all.
    has_feats = any(word.feats for sentences in treebank.values() for s in sentences for word in s.words)
    make_tokens = blank_pipeline(lang).tokenizer
    stats = TreebankStats(lang, tokenizer, messages, {})
    with replaced_folder(output_dir, checked=True) as folder:
        for split, sentences in treebank.items():
            text_docs, word_docs, found = DocBin(attrs=DOC_ATTRS), DocBin(attrs=DOC_ATTRS), SplitStats()
            vocab = Vocab()
            for sentence in sentences:
                text, spaces = surface_text(sentence)
                words = annotated_words(sentence, spaces)
                tokens, n_merged = text_tokens(sentence, spaces, make_tokens(text))
                word_docs.add(make_doc(vocab, words, has_feats))
                text_docs.add(make_doc(vocab, tokens, has_feats))
                count(found, sentence, words, tokens, n_merged)
                found.text_mismatches += sentence.text is not None and sentence.text.split() != text.split()
            found.attrs = [attr for attr in ATTRS if attr in found.attrs]
            text_docs.to_disk(folder / f"{split}.spacy")
            word_docs.to_disk(folder / f"{split}-words.spacy")
            stats.splits[split] = found
        srsly.write_json(folder / "stats.json", asdict(stats))
    return stats


def read_stats(corpus_dir: Path) -> TreebankStats:
    """The `stats.json` of a converted treebank. Raises CorpusError if it is missing or damaged."""
    path = corpus_dir / "stats.json"
    if not path.is_file():
        raise CorpusError(Errors.D021.format(path=path))
    try:
        record = srsly.read_json(path)
        splits = {split: SplitStats(**found) for split, found in record["splits"].items()}
        return TreebankStats(**{**record, "splits": splits})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorpusError(Errors.D023.format(path=path, reason=f"{type(error).__name__}: {error}")) from error


def find_split_files(source_dir: Path) -> Dict[str, Path]:
    """The train, dev and test file of a folder of Universal Dependencies. Raises CorpusError unless there is one
    each."""
    if not source_dir.is_dir():
        raise CorpusError(Errors.D012.format(path=source_dir))
    paths = {}
    for split in SPLITS:
        found = sorted(source_dir.glob(f"*-ud-{split}.conllu"))
        if len(found) != 1:
            raise CorpusError(Errors.D013.format(path=source_dir, split=split, n=len(found)))
        paths[split] = found[0]
    return paths


def make_doc(vocab: Vocab, words: Sequence[ConlluWord], has_feats: bool) -> Doc:
    """A Doc of one sentence, where unset fields are missing annotation. has_feats: whether the treebank annotates
    features, so that a word without any is known to have none."""
    has_heads = any(word.head is not None for word in words)
    return Doc(
        vocab,
        words=[word.form for word in words],
        spaces=[word.space_after for word in words],
        pos=[word.upos or "" for word in words],
        tags=[word.xpos or "" for word in words],
        lemmas=[word.lemma or "" for word in words],
        morphs=[word.feats or "" for word in words] if has_feats else None,
        heads=heads_of(words) if has_heads else None,
        deps=[spacy_relation(word) for word in words] if has_heads else None,
        sent_starts=None if has_heads else [i == 0 for i in range(len(words))],
    )


def spacy_relation(word: ConlluWord) -> str:
    """The relation to the head. spaCy writes that of the root in capitals."""
    return "ROOT" if word.deprel == "root" else word.deprel or ""


def count(
    found: SplitStats, sentence: Sentence, words: Sequence[ConlluWord], tokens: Sequence[ConlluWord], n_merged: int
) -> None:
    """Add one sentence to the counts of its split."""
    found.sentences += 1
    found.words += len(words)
    found.tokens += len(tokens)
    found.multiword_merged += n_merged
    found.multiword_split += len(sentence.multiword_tokens) - n_merged
    for attr, name in zip(ATTRS, ("upos", "xpos", "feats", "lemma", "head"), strict=True):
        if attr not in found.attrs and any(getattr(word, name) is not None for word in words):
            found.attrs.append(attr)
