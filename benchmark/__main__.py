"""The program: `python -m benchmark` in the repository's root, `python PATH/TO/benchmark` in any folder."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if not __package__:  # run by its path, so that Python looks for modules inside the package
        sys.path[0] = str(Path(__file__).resolve().parents[1])
    from benchmark.app import app

    app(prog_name="benchmark")
