# Everything runs in .venv, which the first target makes with what a bare machine has: Python 3.11 or newer, and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help setup browse test check bench chromium torch docs lock clean

help:
	@echo "make browse   watch an agent browse as hedonist and as default, and compare (no key, no GPU)"
	@echo "make test     all checks and tests"
	@echo "make setup    only make .venv      make check    only lint and types      make bench    speed"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; say which: make PYTHON=/path/to/python3.11")'
	@echo "setting up $(VENV) (a few minutes the first time)"
	@$(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV): on Debian, apt-get install python3-venv"; exit 1; }
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(READY)

browse: setup
	@$(BIN)/python -m agent.browse --persona hedonist --versus default --videos 110

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

chromium: setup
	@$(BIN)/python -m environments.browser.install

# PyTorch and PEFT, for the tests of the extras `transformers` and `train`: say TORCH=… for other builds, TORCH= for none (those tests are skipped then).
TORCH ?= torch==2.13.0 peft==0.21.2
torch: setup
	@[ -z "$(TORCH)" ] || $(BIN)/python -c 'import torch, peft' 2>/dev/null || $(PIP) install $(TORCH)

# Compiled modules are kept, whatever the environment says: tests start hundreds of processes.
# Tests that drive a real browser against the clock run after the others, two at a time; what fails is run once more, alone, and has to pass then.
test: export PYTHONDONTWRITEBYTECODE :=
test: check chromium torch
	@failed=0; \
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not clock" || failed=1; \
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m clock tests/agent tests/environments || failed=1; \
	if [ $$failed = 1 ]; then echo "once more, alone, what failed:"; $(BIN)/python -m pytest --last-failed --last-failed-no-failures=none; fi

bench: setup
	$(BIN)/python -m benchmarks.harness_cost

docs: setup
	$(BIN)/python -m agent.graph docs/graph.md

lock: setup
	$(PIP) install uv
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --extra local --extra bayes --extra ray --extra corpus --extra links --group dev --no-header --no-annotate --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
