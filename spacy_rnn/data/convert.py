"""Convert a treebank to spaCy's binary format, once with the tokens of the text and once with the annotated words."""

from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..base.files import replaced_folder
from ..errors import CorpusError, Errors
from .conllu import ConlluWord, Entity, Sentence, heads_of, read_conllu, write_entities
from .language import blank_pipeline, tokenizer_config, treebank_language
from .merge import annotated_words, surface_text, text_tokens, token_entities
from .text_files import accepted, file_format, file_stem

SPLITS = ("train", "dev", "test")
ATTRS = ("pos", "tag", "morph", "lemma", "heads", "entities")
DOC_ATTRS = ("ORTH", "SPACY", "TAG", "POS", "MORPH", "LEMMA", "HEAD", "DEP", "SENT_START", "ENT_IOB", "ENT_TYPE")


@dataclass
class SplitStats:
    """The counts of one split of a treebank."""

    sentences: int = 0
    words: int = 0  # as annotated
    tokens: int = 0  # of the text, after merging
    multiword_merged: int = 0
    multiword_split: int = 0
    text_mismatches: int = 0  # sentences whose `# text` differs from their forms
    heads_left_out: int = 0  # sentences some of whose words have a head
    entities_left_out: int = 0  # that have a part of a token of the text only
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
    """Convert `*-ud-{train,dev,test}*.conllu` to `{split}.spacy` and `{split}-words.spacy`, one Doc a sentence.

    `{split}.spacy` has the tokens of the text, where multiword tokens are merged if the language's tokenizer leaves
    them whole. `{split}-words.spacy` has the words as annotated. `stats.json` describes them. An existing folder is
    replaced.

    lang: a spaCy language code; by default, it is taken from the file names.
    A sentence some of whose words have no head is left without heads. Raises CorpusError if there are no others with
    heads, and for a missing or a broken file; the output folder then stays as it was.
    """
    paths = find_split_files(source_dir)
    messages = []
    if lang is None:
        lang, code = treebank_language(paths["train"][0])
        if lang == "xx" and code != "mul":
            messages.append(f"spaCy has no language '{code}': using the multi-language pipeline 'xx'.")
    tokenizer, stands_in = tokenizer_config(lang)
    if stands_in:
        messages.append(
            f"The tokenizer of '{lang}' needs packages that are not installed: using spaCy's rule-based tokenizer."
        )
    treebank = {split: [s for path in paths[split] for s in read_conllu(path)] for split in SPLITS}
    messages += check_heads(treebank)
    # FEATS `_` means that a word has no features, but only in a treebank that annotates features at all.
    has_feats = any(word.feats for sentences in treebank.values() for s in sentences for word in s.words)
    make_tokens = blank_pipeline(lang).tokenizer
    stats = TreebankStats(lang, tokenizer, messages, {})
    with replaced_folder(output_dir, checked=True, inputs=chain(*paths.values())) as folder:
        for split, sentences in treebank.items():
            text_docs, word_docs, found = DocBin(attrs=DOC_ATTRS), DocBin(attrs=DOC_ATTRS), SplitStats()
            vocab = Vocab()
            for sentence in sentences:
                text, spaces = surface_text(sentence)
                words = annotated_words(sentence, spaces)
                with accepted(sentence.path, sentence.line):
                    tokenized = make_tokens(text)
                tokens, index = text_tokens(sentence, spaces, tokenized)
                entities = None if sentence.entities is None else token_entities(sentence.entities, index)
                word_docs.add(make_doc(vocab, words, has_feats, sentence.entities))
                text_docs.add(make_doc(vocab, tokens, has_feats, entities))
                count(found, sentence, words, tokens, index)
                found.entities_left_out += sum(not entity.label for entity in entities or ())
                found.text_mismatches += sentence.text is not None and sentence.text.split() != text.split()
                found.heads_left_out += sentence.headless is not None
            found.attrs = [attr for attr in ATTRS if attr in found.attrs]
            text_docs.to_disk(folder / f"{split}.spacy")
            word_docs.to_disk(folder / f"{split}-words.spacy")
            if found.entities_left_out:
                messages.append(
                    f"{split}: {found.entities_left_out} entities are left out, which have a part of a token only."
                )
            stats.splits[split] = found
        srsly.write_json(folder / "stats.json", asdict(stats))
    return stats


def check_heads(treebank: Dict[str, List[Sentence]]) -> List[str]:
    """Messages about sentences that are left without heads. Raises CorpusError if all that had any are."""
    messages = []
    for split, sentences in treebank.items():
        partial = [sentence for sentence in sentences if sentence.headless is not None]
        if partial:
            place = f"{partial[0].path.name}:{partial[0].headless}"
            messages.append(
                f"{split}: {len(partial)} sentences are left without heads, which some words lack ({place})."
            )
            if all(word.head is None for own in treebank.values() for s in own for word in s.words):
                n = len(partial[0].words)
                raise CorpusError(Errors.D009.format(path=partial[0].path, line=partial[0].headless, head="_", n=n))
    return messages


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


def find_split_files(source_dir: Path) -> Dict[str, List[Path]]:
    """The train, dev and test files of a folder of Universal Dependencies, sorted, since large treebanks have several
    of a kind, such as `cs_pdt-ud-train-a.conllu`. Raises CorpusError unless there is each kind, of one treebank."""
    if not source_dir.is_dir():
        raise CorpusError(Errors.D012.format(path=source_dir))
    paths: Dict[str, List[Path]] = {}
    for split in SPLITS:
        found = sorted(path for path in source_dir.glob(f"[!.]*-ud-{split}*") if file_format(path) == ".conllu")
        names = sorted({file_stem(path).partition("-ud-")[0] for path in [*found, *chain(*paths.values())]})
        if not found or len(names) > 1:
            raise CorpusError(Errors.D013.format(path=source_dir, split=split, found=", ".join(names) or "none"))
        paths[split] = found
    return paths


def make_doc(
    vocab: Vocab, words: Sequence[ConlluWord], has_feats: bool, entities: Optional[Sequence[Entity]] = None
) -> Doc:
    """A Doc of one sentence, where unset fields are missing annotation. has_feats: whether the treebank annotates
    features, so that a word without any is known to have none. entities: None if the sentence has no annotation of
    them."""
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
        deps=[spacy_relation(word, word.head == i) for i, word in enumerate(words)] if has_heads else None,
        ents=write_entities(entities, len(words)),
        sent_starts=None if has_heads else [i == 0 for i in range(len(words))],
    )


def spacy_relation(word: ConlluWord, is_root: bool) -> str:
    """The relation to the head. spaCy writes that of the root in capitals, and forgets a head without a relation."""
    relation = word.deprel or ("root" if is_root else "dep")
    return "ROOT" if relation == "root" else relation


def count(
    found: SplitStats, sentence: Sentence, words: Sequence[ConlluWord], tokens: Sequence[ConlluWord], index: List[int]
) -> None:
    """Add one sentence to the counts of its split. index: the token of each word."""
    n_merged = sum(index[token.start] == index[token.end - 1] for token in sentence.multiword_tokens)
    found.sentences += 1
    found.words += len(words)
    found.tokens += len(tokens)
    found.multiword_merged += n_merged
    found.multiword_split += len(sentence.multiword_tokens) - n_merged
    fields = ("upos", "xpos", "feats", "lemma", "head")
    known = {attr for attr, name in zip(ATTRS, fields) if any(getattr(word, name) is not None for word in words)}
    known |= {"entities"} if sentence.entities is not None else set()
    found.attrs += sorted(known.difference(found.attrs))
