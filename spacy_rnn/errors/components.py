"""Messages about settings, components, networks, saved files and training."""


class ComponentMessages:
    """Templates for `str.format`, without their codes."""

    R001 = "{name} = {value!r} is not supported; choose one of: {allowed}."
    R002 = "The layer '{name}' does not hold exactly one torch module."
    R003 = "These are not weights of a spacy-rnn layer, or damaged ones ({reason}). Copy the pipeline again."
    R004 = "The saved weights do not fit this {module}: {reason}. Load them with the config.cfg saved beside them."
    R005 = "{name} = {value!r} is out of range; expected {expected}."
    R006 = "width = {width} cannot be halved for two directions. Set an even width, or bidirectional = false."
    R007 = "The word features are empty: give at least one of words, chars, lexical, vectors and context."
    R008 = "{attr!r} is not an attribute of a word type. Choose among: {allowed}; others depend on the context."
    R009 = "spacy-rnn.StaticVectors needs word vectors. Set paths.vectors, or the feature 'vectors' to null."
    R010 = "The vectors of the vocabulary are {found} wide, but this layer was trained with others, {expected} wide."
    R011 = "'{name}': no token of the training data has {attr!r}. Remove it from attrs, or set attrs = null."
    R012 = "'{name}': no token of the training data has any of {attrs}. Check it with `spacy debug data`."
    R013 = "'{name}': the loss is not finite. Lower training.optimizer.learn_rate or grad_clip, or check the data."
    R014 = "'{name}': the labels must be a dict with lists of strings for some of {expected}, got: {found}."
    R015 = (
        "'{name}': a label is added as attr=value, such as 'pos=NOUN', 'tag=NN' or 'morph=Case=Nom', or as its value "
        "if attrs names one attribute, got {label!r}."
    )
    R016 = "'{name}' has no labels. Call nlp.initialize() with annotated examples, or add_label() first."
    R017 = "'{name}': {value!r} is not a universal part of speech, so spaCy cannot store it in token.pos."
    R018 = "This layer is not initialized. Call nlp.initialize() first, or load a trained pipeline."
    R019 = (
        "'{name}': the label {label!r} cannot be added to an initialized model. Call add_label() before "
        "nlp.initialize(), or list all labels in initialize.components.{name}.labels."
    )
    R020 = "The pipeline {name} cannot be loaded ({reason}). Check its name, copy it again, or train it anew."
    R021 = "The GPU {gpu_id} cannot be used ({reason}). Choose another one, or -1 for the CPU."
    R022 = "{path}: spaCy cannot use this config: {reason}"
    R023 = "{path}: this config has no {name}; `spacy init fill-config` fills in what is missing."
    R024 = "{path}: this code cannot be imported ({reason})."
    R025 = "'{name}': the soft labels of {text!r} cannot be used ({reason}); write them anew with `spacy-rnn distill`."
    R029 = "No layer of this config reads word vectors; add spacy-rnn.WordFeatures.v1 to a component, or name none."
    R030 = "A pipeline needs components, each of them once, not: {found}; choose from: {allowed}."
    R031 = "rnn_textcat and rnn_textcat_multilabel both write doc.cats; choose one of them."
    R032 = "The size {size!r} is that of an encoder of {allowed}; leave it out for other components."
    R033 = "{name!r} was not trained for {absent}; of the attributes in its config, it has: {attrs}."
    R034 = "{path}: the name of a picture ends with one of: {allowed}."

    R101 = (
        "hierarchy = 'sentences' needs sentence boundaries. Put a sentencizer or a parser before this component and "
        "name it in training.annotating_components, or set hierarchy = 'windows'."
    )
    R102 = "'{name}' and its model do not agree; set exclusive_classes = {value} in components.{name}.model."
    R103 = "'{name}': save_attention needs attention weights; add 'attention' to pooling in components.{name}.model."
    R104 = "'{name}': class_weights names {label!r}, which is not a category of the training data: {labels}."
    R105 = "There is no text categorizer '{name}' to calibrate; the callback's component is one of: {found}, or null."
    R106 = "The document has no attention weights. Set save_attention = true in the config, and process it again."
    R107 = (
        "'{name}': class_weights = '{value}' needs the sizes of the categories, which nlp.initialize() counts if the "
        "setting is there. To train on from a pipeline that was trained without it, give a dict from labels to "
        "weights."
    )

    R120 = (
        "'{name}': no token of the training data has a head and a dependency label. Check it with `spacy debug data`."
    )
    R121 = "'{name}': the labels must be a dict with lists of strings for 'arcs' and 'roots', got: {found}."
    R122 = (
        "'{name}': sentences = 'predict' needs a model that was trained with this setting; train it anew, or set "
        "sentences = 'doc' and put a component before it that finds the sentences."
    )

    R130 = "'{name}': no token of the training data is in an entity. Check it with `spacy debug data`."
    R131 = "'{name}': the labels must be a list of strings, got: {found}."
    R132 = "'{name}': no document of the training data has spans in doc.spans[{key!r}]; check spans_key."

    R150 = (
        "'{name}' needs dependency parses, and this document has none: {text!r}. Put a parser before it. In training, "
        "name the parser in training.annotating_components, or read gold parses with spacy-rnn.GoldParseCorpus.v1."
    )
    R151 = "dep_matrices = true cannot be used with cell = {cell!r}; set rnn_tanh or rnn_relu, or use dep_width."
    R153 = "'{name}': the training data has neither doc.cats nor spans in doc.spans[{key!r}]; check spans_key."
    R154 = "'{name}': the labels {labels} have no order. List them by rank in initialize.components.{name}.labels."
    R155 = (
        "'{name}': target = {target!r} needs at least {n} labels, found: {labels}. Check the training data, or list "
        "them in initialize.components.{name}.labels."
    )
    R156 = "'{name}': a label for regression is a number, or name=number for one of several ({labels}), got {label!r}."
    R157 = "'{name}': save_spans = true needs a spans_key, the key of doc.spans under which the phrases are stored."
    R158 = "'{name}': a label is a string that is not empty, got {label!r}."
    R159 = "This document has no labels of subtrees to draw. Run a trained tree_rnn over it, with save_scores = true."

    R170 = "copying = true needs attention, which decides what is copied. Set attention = 'dot' or 'additive'."
    R171 = "'{name}': the training data has no lemmas. Check it with `spacy debug data`, or give the labels."
    R172 = "'{name}' is not initialized. Call nlp.initialize() with annotated examples, or load a trained pipeline."
    R173 = "'{name}': the labels must be a dict with {expected}, as `spacy init labels` writes them, got: {found}."
    R174 = (
        "'{name}': no document of the training data has a target text in doc._.{extension}. Read the corpus with "
        "spacy-rnn.TransducerCorpus.v1, or set the extension on the reference documents."
    )

    R180 = "These weights have format {found} of a newer spacy-rnn, this one reads up to {known}; update spacy-rnn."
    R181 = "The component '{name}' ({where}) was not loaded: {reason}. Copy the pipeline again or train it anew."
    R182 = "the file '{file}' is damaged: its checksum differs from the saved one"
    R183 = "the file '{file}' is missing"
    R184 = "its list of checksums is damaged ({reason})"
    R185 = "A layer with these settings needs {found} (sizes: {sizes}); lower its width, rows or depth."

    R190 = "The training processes have different {what}; does the corpus or a callback draw different random numbers?"
    R191 = "{path} is not a checkpoint that this training can continue from ({reason}). Train anew without it."
    R192 = "Worker {rank} of {size} {how}, so all were stopped.{reason} {remedy}"
    R193 = "The checkpoint {path} was made by {found} workers; continue with as many instead of {workers}."
    R194 = "The checkpoint {path} was made with another config, which differs in: {settings}. Continue with that one."
    R195 = "{path}: there is no checkpoint to continue from: no training was started, or it ended. Omit --resume."
    R196 = "{path} is of a training that has not ended. Choose --resume, --no-resume or another output folder."

    R201 = "{path}: no such file; train a language model with `spacy-rnn train-lm` and give the path of its file."
    R202 = "{path} is not a language model, or a damaged one ({reason}). Give a file that `spacy-rnn train-lm` wrote."
    R203 = "spacy-rnn.CharLMEmbed.v1 needs a language model: give the path of forward, of backward, or of both."
    R210 = "{path}: no such file; make a dictionary with `spacy-rnn lexicon build` and give the path of its file."
    R211 = "{path} is not a dictionary, or a damaged one ({reason}). Give a file that `spacy-rnn lexicon` wrote."
    R212 = "spacy-rnn.LexiconEmbed.v1 needs a dictionary: set its path to a file that `spacy-rnn lexicon` wrote."
    R213 = "No layer of this config reads a dictionary; add spacy-rnn.WordFeatures.v1 to a component, or name none."
