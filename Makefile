# Everything here works on a machine with nothing but Python >= 3.11 (with venv) and make.
#   make demo PYTHON=python3.12     another interpreter
#   make ui LAKE=/data/lake         another data lake

PYTHON ?= python3
VENV ?= .venv
LAKE ?= data_lake
PORT ?= 3000

BIN := $(VENV)/bin
SOURCES := embeat_serve embeat_pipeline tests benchmarks docs

# Unit tests share the cores; those of tests/integration start programs that need them. Every process
# makes the lakes that its tests read, so more than four would only make more of them.
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadscope

.DEFAULT_GOAL := help
.PHONY: help demo test check lint docs ui bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.pipeline ## made-up dump, whole pipeline, then a recommendation
	$(BIN)/python -m embeat_pipeline demo --lake $(LAKE)

test: $(VENV)/.dev lint ## lint, types, layers and the whole test suite
	$(BIN)/python -m pytest -q $(PARALLEL) tests/unit
	$(BIN)/python -m pytest -q tests/integration

check: $(VENV)/.dev lint ## lint, types, layers and the quick tests: before every commit
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not slow and not process and not browser" tests/unit

docs: $(VENV)/.dev ## writes the generated parts of docs/
	$(BIN)/python docs/generate.py

lint: $(VENV)/.dev ## ruff, pyright and the direction of imports
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-cache

ui: $(VENV)/.pipeline ## Dagster UI on this pipeline: http://127.0.0.1:3000
	EMBEAT_LAKE=$(LAKE) $(BIN)/python -m embeat_pipeline ui --port $(PORT)

bench: $(VENV)/.dev ## benchmarks that need no lake, each against its baseline in the same run
	@for file in $$(grep -L "required=True" benchmarks/*.py); do $(BIN)/python $$file || exit 1; done

clean: ## remove the environment, caches and everything the pipeline made but its raw dumps
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find embeat_serve embeat_pipeline tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
	rm -rf data_lake/tables data_lake/models data_lake/index data_lake/reports
	find dagster_home -mindepth 1 ! -name dagster.yaml -delete

# Stamps, so that a second call installs nothing. The dev environment holds the pipeline's.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(not (3, 11) <= v < (3, 14) and \
		f"Embeat needs Python 3.11 to 3.13, found {v.major}.{v.minor}: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.pipeline: $(VENV)/.python pyproject.toml
	@echo 'Installing Embeat and its dependencies into $(VENV): minutes the first time'
	@$(BIN)/python -m pip install --quiet --editable '.[pipeline]'
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml
	@echo 'Installing Embeat and its dependencies into $(VENV): minutes the first time'
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(VENV)/.pipeline $@
