"""Tiny treebanks, written on the spot."""

from pathlib import Path
from typing import Dict, Iterable, List, Optional, Sequence

SENTENCE = """\
# sent_id = doc-1
# text = Vi a casa da avó.
1	Vi	ver	VERB	V	Mood=Ind|Number=Sing	0	root	_	_
2	a	o	DET	D	Definite=Def	3	det	_	_
3	casa	casa	NOUN	N	Number=Sing	1	obj	_	_
4-5	da	_	_	_	_	_	_	_	_
4	de	de	ADP	P	_	6	case	_	_
5	a	o	DET	D	Definite=Def	6	det	_	_
5.1	minha	meu	DET	D	_	_	_	6:det	_
6	avó	avó	NOUN	N	Number=Sing	3	nmod	_	SpaceAfter=No
7	.	.	PUNCT	.	_	1	punct	_	_
"""


def row(word_id: object, form: str, head: object = "_", **fields: str) -> str:
    """One row; fields by name, the others unset."""
    names = ("lemma", "upos", "xpos", "feats")
    values = [str(word_id), form, *(fields.get(name, "_") for name in names)]
    deprel = fields.get("deprel", "root" if head == 0 else "_" if head == "_" else "dep")
    return "\t".join([*values, str(head), deprel, "_", fields.get("misc", "_")])


def write_splits(folder: Path, text: str = SENTENCE, prefix: str = "pt_test", **others: str) -> Path:
    """A folder with the three files of a treebank, all with the same text unless given."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "dev", "test"):
        (folder / f"{prefix}-ud-{split}.conllu").write_text(others.get(split, text) + "\n", encoding="utf8")
    return folder


def sentence(rows: Iterable[str], text: Optional[str] = None) -> str:
    """Rows as one sentence."""
    comments: List[str] = [] if text is None else [f"# text = {text}"]
    return "\n".join([*comments, *rows]) + "\n"


def file_contents(folder: Path, names: Sequence[str] = ("train", "dev", "test")) -> Dict[str, str]:
    """The text of each split."""
    return {name: next(folder.glob(f"*-ud-{name}.conllu")).read_text(encoding="utf8") for name in names}
