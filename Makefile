# `make demo` runs the product, `make test` runs all tests. Both set up what they need in .venv first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
JOBS ?= 2

.PHONY: help setup demo test check format contracts lock clean

help: ## what this Makefile can do
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP) ## install everything into .venv

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Storesense needs Python 3.11 or newer; name one with: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing into $(VENV), once, about a minute…" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' >&2
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on \
	  --constraint requirements.lock --editable '.[all]' --group dev >&2
	@touch $@

demo: $(STAMP) ## a living simulated store in your browser; ARGS="--help" shows its options
	@$(BIN)/storesense demo $(ARGS)

test: $(STAMP) ## all tests, JOBS=2 at a time; ARGS goes to pytest
	@$(BIN)/python tests/prepare.py
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile $(ARGS)

check: $(STAMP) ## format, lint, types, layers, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/storesense contracts check

format: $(STAMP) ## format and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

contracts: $(STAMP) ## generate JSON schemas and the AsyncAPI document from the message structs
	$(BIN)/storesense contracts generate

lock: $(STAMP) ## write requirements.lock from what is installed here
	@{ head -n 1 requirements.lock; $(BIN)/python -m pip freeze --exclude-editable --exclude pip | grep -v '@'; } > .lock.new
	@mv .lock.new requirements.lock

clean: ## remove what setup and the demo made here
	rm -rf $(VENV) .data .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
