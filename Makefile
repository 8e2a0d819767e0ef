# Kushim from a fresh clone: `make demo`. Needs git, make and python3 (3.11 or newer, with venv); nothing else.
# Every target sets up .venv by itself when requirements.txt or pyproject.toml have changed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ROOMS  := evidence vault collect warehouse verdicts catalogue access
PYTEST_ARGS ?=

# Compiled modules are kept, whatever the caller's shell says: without them every start takes three times as long.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help install demo dev test lint bench lock clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Make .venv with the pinned, hashed packages and the kushim command

demo: $(STAMP) ## Run the whole pipeline for the sandbox's tenants and show what was found
	@$(BIN)/kushim demo

dev: $(STAMP) ## Open the Dagster UI, with the sandbox running
	@$(BIN)/python -m kushim_pipeline.sandbox.dev

# In the order of the alphabet, so that the longest files (e2e) come first and no worker ends alone with one of them. A
# third worker on two cores gained nothing.
test: $(STAMP) ## Run all tests; fails when a room's coverage is under 85 % (PYTEST_ARGS adds arguments)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term $(PYTEST_ARGS)
	@failed=; for room in $(ROOMS); do \
		percent=$$($(BIN)/coverage report --include="kushim_pipeline/$$room/*" --format=total) || exit 1; \
		echo "coverage of $$room: $$percent %"; \
		test "$$percent" -ge 85 || failed="$$failed $$room"; \
	done; \
	if [ -n "$$failed" ]; then echo "under 85 %:$$failed" >&2; exit 1; fi

lint: $(STAMP) ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## Measure; the figures of docs/benchmarks.md come from here
	@beyond=""; for script in kushim_pipeline_tests/bench/[a-z]*.py; do \
		echo "== $$script"; $(BIN)/python "$$script" || beyond="$$beyond $$script"; \
	done; \
	if [ -n "$$beyond" ]; then echo "beyond a limit:$$beyond" >&2; exit 1; fi

lock: ## Pin all packages anew in requirements.txt, and the image's in deploy/ (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv (see its documentation); nothing else does" >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
		--group dev pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras \
		--constraints requirements.txt pyproject.toml deploy/requirements.in -o deploy/requirements.txt

clean: ## Remove .venv and caches; the data folder .kushim stays, because evidence is never deleted
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build dist *.egg-info
	find kushim_pipeline kushim_pipeline_tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --no-deps: the file is complete, and pip 23 refuses names with extras, such as moto[server], beside hashes otherwise.
$(STAMP): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Kushim needs Python 3.11 or newer, and there is no $(PYTHON)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Kushim needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). make PYTHON=/path/to/python3.12 takes another" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) with $$($(PYTHON) -V)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing $$(grep -c '==' requirements.txt) pinned packages (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes -r requirements.txt
	@echo "Installing the kushim command"
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input -q --no-deps --no-build-isolation -e .
	@touch $@
