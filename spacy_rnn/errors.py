"""Every message that a user can meet, with what to do about it. D: data and corpora."""


class CorpusError(ValueError):
    """A corpus that cannot be found, fetched, read or converted. The message is one sentence for the user."""


class Errors:
    """Message templates, to be filled with `str.format`."""

    D001 = "[D001] {path}:{line}: this is not UTF-8 text; convert the file to UTF-8."
    D002 = "[D002] {path}: the file holds no sentence; is it an incomplete download?"
    D003 = "[D003] {path}:{line}: a CoNLL-U row has 10 columns separated by tabs, this one has {found}."
    D004 = "[D004] {path}:{line}: column {column} is empty; an unset field is written as an underscore."
    D005 = "[D005] {path}:{line}: {reason}"
    D006 = (
        "[D006] {path}:{line}: the ID {id} is out of place; words count from 1 without gaps, and the range of a "
        "multiword token stands before its words and overlaps no other."
    )
    D007 = "[D007] {path}:{line}: '{upos}' is not a universal part of speech."
    D008 = "[D008] {path}:{line}: '{feature}' is not a feature; expected Name=Value."
    D009 = (
        "[D009] {path}:{line}: the head {head} is not a word of the sentence; expected 0 for the root or another "
        "word's ID up to {n}, or an underscore in all rows of the sentence."
    )
    D010 = "[D010] {path}:{line}: the sentence has {n} roots, the first one on line {first}; a tree has exactly one."
    D011 = "[D011] {path}:{line}: the heads form a cycle that never reaches a root."
    D012 = "[D012] {path}: no such folder."
    D013 = "[D013] {path}: expected exactly one file named *-ud-{split}.conllu in this folder, found {n}."
