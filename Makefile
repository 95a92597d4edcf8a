# System packages, all optional: bubblewrap (Python sandbox), redis-server (limits of several hosts), chromium (a test)
# install: set up .venv with plain pip · quickstart: the whole way in minutes · test, check: what the checks run
PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install quickstart test check format clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## create .venv and install the package, the training extra and the tools for developers

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("error: Python 3.11 or later is needed, this is " + sys.version.split()[0] + ": run make install PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "error: no venv module: install python3-venv (apt-get install python3-venv) and run make again" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet -e '.[train,dev]'
	@touch $@

quickstart: install ## a world, its questions, an agent trained on them, a report: at most 15 minutes on two cores
	$(BIN)/websailor quickstart

test: install ## the tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile

check: install ## lint, format, types, layout
	$(BIN)/ruff check --no-cache
	$(BIN)/ruff format --check --no-cache
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/test_layout.py

format: install ## put the code into the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove caches (runs/ and .venv stay)
	rm -rf .pytest_cache .ruff_cache .hypothesis build dist
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
