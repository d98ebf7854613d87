"""Every command with every kind of wrong input ends with one sentence, never with a traceback, and changes nothing."""

import re
import shutil
import sys
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

import pytest

from spacy_rnn.cli import main

from .worlds import make_world

# Commands that succeed. A word in braces, {name:kind}, can be replaced by others that are wrong.
COMMANDS = """
fetch mine {out:output} --local-dir {conllu:folder}
convert {conllu:folder} {out:output}
configure {config.cfg:config} {treebank:folder} {file:output_file}
evaluate {tagger:pipeline} {treebank:folder} --output {file:output_file}
fetch-textcat mine {out:output} --local-dir {labels:folder}
convert-textcat {texts.jsonl:file} {out:output}
evaluate-textcat {textcat:model} {cats.spacy:file} --output {file:output_file}
get-parser {parser:name}
convert-sst {sst:folder} {out:output} --parser {parser:model}
parse-texts {texts.jsonl:file} {out:output} --parser {parser:model}
convert-relations {treebank:folder} {out:output}
add-parser {tree:model} {out:output} --parser {parser:model}
evaluate-tree {tree:model} {trees.spacy:file} --output {file:output_file}
add-tagger {lemmatizer:model} {tagger:pipeline} {out:output}
evaluate-lemmas {lemmatizer:model} {treebank:folder} --tagger {tagger:pipeline} --output {file:output_file}
evaluate-pairs {transducer:model} {pairs.tsv:file} --output {file:output_file}
evaluate-pairs {transducer:model} {text.txt:lines} --target-path {text.txt:lines}
write-text {treebank:folder} {out:output} --more {text.txt:lines}
train-lm {text.txt:lines} {out:output} --dev {text.txt:lines} --hidden-size 8 --rows 9 --batch 4 --bptt 9 --epochs 0.1
evaluate-lm {lm.safetensors:file} {text.txt:lines} --output {file:output_file}
generate {lm.safetensors:file} -n 1 --max-chars 5 --output {file:output_file}
apply {tagger:pipeline} {texts.jsonl:address} {out:output} --output-format jsonl
train {config.cfg:config} --output {out:output} --code {code.py:code}
""".strip().splitlines()

# What is put in the place of a word of a kind; * is its suffix.
WRONG: Dict[str, List[str]] = {
    "pipeline": ["no_model", "empty", "text.txt", "bad_model"],
    "model": ["no_model", "empty", "text.txt", "bad_model", "blank"],
    "name": ["no_model"],
    "file": ["no*", "folder*", "empty*", "junk*", "text.txt/no*"],
    "lines": ["no*", "folder*", "junk*", "text.txt/no*"],
    "code": ["no*", "folder*", "junk*", "bad*", "text.txt"],
    "config": ["no*", "folder*", "empty*", "junk*"],
    "folder": ["no_folder", "empty", "text.txt"],
    "address": ["no*", "empty", "junk"],
    "output": ["text.txt", "text.txt/out", "/proc/no/out"],
    "output_file": ["empty", "text.txt/file"],
}

# What is added to a command, and what is then said.
SETTINGS = [
    ("fetch UD_Other {out:output} --repo nowhere", "D018"),
    ("fetch UD_Other {out:output} --repo nowhere --project-dir nowhere", "D018"),
    ("convert --lang nonsense", "nonsense"),
    ("configure --threads -1", "threads"),
    ("configure --max-steps -1", "max-steps"),
    ("evaluate --gpu-id 99", "R021"),
    ("evaluate --threads 0", "threads"),
    ("evaluate --threads many", "threads"),
    ("evaluate --split nonsense", "D021"),
    ("fetch-textcat nonsense {out:output}", "D100"),
    ("convert-textcat --lang nonsense", "nonsense"),
    ("convert-textcat --text nonsense", "D113"),
    ("convert-textcat --label nonsense", "D113"),
    ("convert-textcat --labels nonsense", "D102"),
    ("evaluate-lemmas --tagger lemmatizer", "D174"),
    ("train-lm --cell nonsense", "R001"),
    ("train-lm --direction nonsense", "R001"),
    ("train-lm --precision nonsense", "R001"),
    ("train-lm --depth 0", "R005"),
    ("train-lm --hidden-size 1000000000", "R185"),
    ("train-lm --save-every 0", "save-every"),
    ("evaluate-lm --adapt -1", "R005"),
    ("generate --top-p 2", "R005"),
    ("generate --temperature -1", "R005"),
    ("generate --label nonsense", "D205"),
    ("generate -n 0", "number"),
    ("apply --engine nonsense", "R001"),
    ("apply --input-format nonsense", "R001"),
    ("apply --output-format nonsense", "R001"),
    ("apply --columns pos,nonsense", "R001"),
    ("apply --workers 0", "workers"),
    ("apply --part-size 0", "part-size"),
    ("apply --batch-size -1", "batch-size"),
    ("apply --gpu-id 99", "R021"),
    ("apply --engine ray", "D182.*ray"),
    ("apply --output-format parquet", "D182.*pyarrow"),
    ("train --workers 0", "workers"),
    ("train --gpu-id 99", "R021"),
    ("train --resume", "R195"),
    ("train --nonsense", "nonsense"),
    ("train --nonsense 1", "nonsense"),
    ("train nonsense", "nonsense"),
    ("train --paths.train no.spacy", "no.spacy"),
    ("train --paths.train junk.spacy", "D188.*junk.spacy"),
    ("train --paths.train empty.spacy", "D188.*empty.spacy"),
    ("train --paths.nonsense 1", "nonsense"),
    ("train --nlp.lang nonsense", "R022.*E048"),
    ("train --nlp.pipeline nonsense", "R022"),
    ("train --training.max_steps many", "R022.*max_steps"),
    ("train --training.nonsense 1", "R022.*nonsense"),
    ("train --training.optimizer.@optimizers Nonsense.v1", "R022.*E893"),
    ("train --components.rnn_tagger.factory nonsense", "R022.*E002"),
    ("train --components.rnn_tagger.model.tok2vec.encode.depth 0", "R005"),
    ("train --workers 2 --training.max_steps many", "R192.*R022.*max_steps"),
]
