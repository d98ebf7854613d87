"""Messages about settings, components, networks, saved files and training."""

from .codes import WithCodes


class ComponentMessages(metaclass=WithCodes):
    """Templates, to be filled with `str.format`."""

    R001 = "{name} = {value!r} is not supported; choose one of: {allowed}."
    R002 = "The layer '{name}' does not hold exactly one torch module."
    R003 = (
        "These are not the weights of a spacy-rnn layer ({reason}). The file is damaged or was written by "
        "something else; copy the pipeline again or train it anew."
    )
    R004 = (
        "The saved weights do not fit this {module}: {reason}. The config must describe the network that was "
        "saved; use the config.cfg that lies beside it."
    )
    R005 = "{name} = {value!r} is out of range; expected {expected}."
    R006 = (
        "width = {width} cannot be shared by two directions; give an even width (each direction gets half of "
        "it) or set bidirectional = false."
    )
    R007 = "The word features are empty: give at least one of words, chars, lexical, vectors and context."
    R008 = (
        "{attr!r} is not an attribute of a word by itself; choose among: {allowed}. Annotations such as POS "
        "depend on the context and are not features of a word type."
    )
    R009 = (
        "spacy-rnn.StaticVectors.v1 needs word vectors, and the vocabulary has none. Set paths.vectors / "
        "initialize.vectors in the config, or set the 'vectors' feature to null."
    )
    R010 = (
        "The vocabulary's vectors are {found} wide, but this layer was trained with {expected}. Load the "
        "pipeline with the vectors it was trained with."
    )
    R011 = (
        "'{name}': attrs names {attr!r}, but no token of the training data has it. Remove it from attrs, or "
        "set attrs = null to train whatever the data has."
    )
    R012 = (
        "'{name}': the training data has none of the attributes {attrs} on any token. Check the training "
        "corpus with `spacy debug data`."
    )
    R013 = (
        "'{name}': the loss is not a finite number any more. Lower training.optimizer.learn_rate or "
        "training.optimizer.grad_clip, or check the data; the last checkpoint is unharmed."
    )
    R014 = "'{name}': the labels must be a dict with lists of strings for some of {expected}, got: {found}."
    R015 = (
        "'{name}': a label is added as 'attr=value', for example 'pos=NOUN', 'tag=NN' or 'morph=Case=Nom', "
        "got {label!r}."
    )
    R016 = "'{name}' has no labels. Call nlp.initialize() with annotated examples, or add_label() first."
    R017 = "'{name}': {value!r} is not a universal part of speech, so spaCy cannot store it in token.pos."
    R018 = (
        "This layer was neither initialized nor loaded. Call nlp.initialize() before training or predicting, "
        "or load a trained pipeline."
    )
    R019 = (
        "'{name}': the label {label!r} cannot be added to a model that was built without it. Call add_label() "
        "before nlp.initialize(), or give all labels in initialize.components.{name}.labels."
    )
    R020 = "The pipeline {name} cannot be loaded ({reason}); check its name, copy it again, or train it anew."
    R021 = "The GPU {gpu_id} cannot be used ({reason}); give the number of another one, or -1 for the CPU."
    R022 = "{path}: spaCy cannot use this config: {reason}"
    R023 = "{path}: this config has no {name}; `spacy init fill-config` fills in what is missing."
    R024 = "{path}: this code cannot be imported ({reason})."
    R101 = (
        "hierarchy = 'sentences' needs sentence boundaries. Put the component 'sentencizer' (or a parser) "
        "before this one and name it in training.annotating_components, or set hierarchy = 'windows'."
    )
    R102 = (
        "'{name}' does not fit its model: set exclusive_classes = {value} in components.{name}.model. Exactly "
        "one category is predicted by 'rnn_textcat', any number of them by 'rnn_textcat_multilabel'."
    )
    R103 = (
        "'{name}': save_attention needs a model that has attention weights; add 'attention' to pooling in "
        "components.{name}.model (architecture spacy-rnn.TextCat.v1)."
    )
    R104 = "'{name}': class_weights names {label!r}, which is not a category of the training data: {labels}."
    R105 = (
        "There is no text categorizer '{name}' that could be calibrated; the pipeline has: {found}. Set the "
        "callback's component to one of them or to null."
    )
    R106 = (
        "The document has no attention weights. Set save_attention = true in the config of 'rnn_textcat' or "
        "'rnn_textcat_multilabel' (as for any setting, spacy.load takes it as config) and process the document again."
    )
    R107 = (
        "'{name}': class_weights = '{value}' needs the sizes of the categories, which are counted by "
        "nlp.initialize() where the setting is there from the start. To train on from a pipeline that was trained "
        "without it, give a dict from labels to weights."
    )

    R150 = (
        "'{name}' needs dependency parses, and this document has none: {text!r}. Run a parser before it; in "
        "training, name the parser in training.annotating_components, or read gold parses with "
        "spacy-rnn.GoldParseCorpus.v1."
    )
    R151 = (
        "dep_matrices = true does not go with cell = {cell!r}; choose rnn_tanh or rnn_relu, or tell labels "
        "apart by dep_width."
    )
    R153 = (
        "'{name}': the training data has neither doc.cats nor labelled spans in doc.spans[{key!r}]. Add one of "
        "them, or set spans_key to the key that the phrases are stored under."
    )
    R154 = (
        "'{name}': target = 'ordinal' needs an order, and the labels {labels} are not numbers. List them from "
        "low to high in initialize.components.{name}.labels."
    )
    R155 = (
        "'{name}': target = {target!r} needs at least {n} labels, found: {labels}. Check the training data, or "
        "list them in initialize.components.{name}.labels."
    )
    R156 = (
        "'{name}': with target = 'regression' a phrase is labelled by a number, or as name=number where there "
        "are several values ({labels}), got {label!r}."
    )
    R157 = "'{name}': save_spans = true needs a spans_key to store the phrases under."
    R158 = "'{name}': a label is a string that is not empty, got {label!r}."
    R159 = "This document has no labels of subtrees to draw. Run a trained tree_rnn over it, with save_scores = true."

    R170 = (
        "copying = true needs attention, which tells what is copied. Set attention to dot or additive, or set "
        "copying = false."
    )
    R171 = (
        "'{name}': the training data has no lemmas. Check the training corpus with `spacy debug data`, or give "
        "the labels in initialize.components.{name}.labels."
    )
    R172 = "'{name}' was neither initialized nor loaded. Call nlp.initialize() with annotated examples first."
    R173 = "'{name}': the labels must be a dict with {expected}, as `spacy init labels` writes them, got: {found}."
    R174 = (
        "'{name}': no document of the training data has a text to be written in doc._.{extension}. Read the "
        "corpus with spacy-rnn.TransducerCorpus.v1, or set the extension on the reference documents."
    )
    R180 = (
        "These weights were written by a newer version of spacy-rnn (format {found}, this one reads up to "
        "{known}); update spacy-rnn."
    )
    R181 = (
        "The saved component '{name}' ({where}) cannot be loaded, and nothing of it was: {reason}. Copy the "
        "pipeline again, or train it anew."
    )
    R182 = "the file '{file}' is damaged: its checksum is another one than when it was saved"
    R183 = "the file '{file}' is missing"
    R190 = (
        "The processes that train together do not have the same {what} any more; does the corpus, or a "
        "callback, draw random numbers that differ between them?"
    )
    R191 = "{path} is not a checkpoint that this training can go on from ({reason}); train anew without it."
    R192 = "Worker {rank} of {size} {how}, so all were stopped.{reason} {remedy}"
    R193 = "The checkpoint {path} was made by {found} workers; go on with as many instead of {workers}."
    R194 = (
        "The checkpoint {path} belongs to another config, which differs in: {settings}. Go on with the one "
        "that it was made with."
    )
    R195 = (
        "{path}: there is no checkpoint to go on from, since no training was begun there with an output folder, "
        "or it has ended; start without --resume."
    )
    R196 = (
        "{path} is of a training that has not ended. Go on from it with --resume, start over with --no-resume, "
        "or choose another output folder."
    )
    R185 = "A layer with these settings needs {found} (sizes: {sizes}); lower its width, rows or depth."
    R184 = "its list of checksums is not one ({reason})"
    R201 = "{path}: no such file; train a language model with `spacy-rnn train-lm`, and give the path of what it wrote."
    R202 = (
        "{path} is not a language model that can be used here ({reason}); give a file that `spacy-rnn train-lm` "
        "wrote, or train it anew."
    )
    R203 = "spacy-rnn.CharLMEmbed.v1 needs a language model: give the path of forward, of backward, or of both."
