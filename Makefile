# Each target builds .venv when there is none and installs again only when the package metadata has changed.
#   make run                     the whole chain on the reference device, into out/run
#   make test ARGS="-k kernel"   the tests, one file of them per core at a time, with arguments for pytest
PYTHON ?= python3
ARGS   ?=
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: run test lint wheel clean
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/dwsynapse run -o out/run --force

test: .venv/installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

wheel: $(BIN)/python
	$(PIP) wheel --no-deps --wheel-dir dist .

clean:
	rm -rf out build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/installed: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) install -e .
	touch $@

.venv/installed-test: setup.cfg pyproject.toml | $(BIN)/python
	$(PIP) install -e '.[test]'
	touch .venv/installed $@

# A broken half-made .venv would satisfy this rule for ever, so it goes when venv fails.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "dwsynapse needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not found)" \
	       "(choose another: make PYTHON=python3.12)" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
