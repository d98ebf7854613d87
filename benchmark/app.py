"""Train and measure taggers on one treebank, or text categorizers on one set of texts; compare pipelines that are
trained already; draw how speed and memory scale; try what happens when processes are killed."""

from typing import Callable, Dict

import typer

from . import compare, faults, lemmas, limit, scaling, trees
from .small.command import small_sets_command
from .tagger.command import run_command
from .textcat import commands as textcat

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
COMMANDS: Dict[str, Callable[..., None]] = {
    "run": run_command,
    "compare": compare.compare_command,
    "limit": limit.limit_command,
    "scaling": scaling.scaling_command,
    "lemmas": lemmas.lemmas_command,
    "trees": trees.trees_command,
    "textcat": textcat.textcat_command,
    "textcat-models": textcat.textcat_models_command,
    "textcat-memory": textcat.textcat_memory_command,
    "small-sets": small_sets_command,
    "stream": faults.stream_command,
    "kills": faults.kills_command,
    "speed": faults.speed_command,
}
for name, command in COMMANDS.items():
    app.command(name)(command)
