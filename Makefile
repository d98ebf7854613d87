# make train [TREEBANK=UD_English-EWT] [VECTORS=en-md] [PIPELINE=tagger]   fetch a treebank, train a pipeline, score it
# make test, make lint                                   the checks that .ci/run runs, beside make docs
# make dist                                              sdist and wheel, in dist
# make test-upstream                                     spaCy's own tests of its components, with ours in their place
# make docs                                              the documentation as a website, in build/site
# make benchmark [TREEBANK=UD_English-EWT] [SIZE=small]  the tagger beside others, in an environment of its own

PYTHON ?= python3
TREEBANK ?= UD_Portuguese-PetroGold
VECTORS ?=
PIPELINE ?= whole
SIZE ?= no-small
# Where torch comes from, if not from the package index: TORCH_INDEX=https://download.pytorch.org/whl/cpu is a build
# without GPU libraries.
TORCH_INDEX ?=
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: train test lint benchmark clean

train: $(INSTALLED)
	cd project && $(BIN)/python -m spacy project run train . --vars.treebank $(TREEBANK) --vars.vectors "$(VECTORS)" \
		--vars.pipeline $(PIPELINE)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: test-upstream
test-upstream: $(INSTALLED)
	$(BIN)/python -m tests.upstream

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The wheel is built from the sdist.
.PHONY: dist
dist: $(INSTALLED)
	$(BIN)/python -m build --no-isolation --outdir dist

# The site into build/site, from docs/ and the docstrings.
.PHONY: docs
docs: $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt --no-build-isolation -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

benchmark:
	$(MAKE) .venv-benchmark/.installed VENV=.venv-benchmark
	.venv-benchmark/bin/python -m pip install --disable-pip-version-check -c constraints.txt -r requirements-benchmark.txt
	cd project/comparison && $(CURDIR)/.venv-benchmark/bin/python -m spacy project run benchmark . \
		--vars.treebank $(TREEBANK) --vars.benchmark_size=$(SIZE)

# torch goes first: beside everything else, pip may choose a build of it with several GB of GPU libraries.
$(INSTALLED): setup.py constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt torch==2.13.0 \
		$(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt setuptools wheel
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	touch $@

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .hypothesis
