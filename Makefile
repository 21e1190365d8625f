# Each target builds .venv when there is none and installs again only when the package metadata or version has changed.
#   make run                     the whole chain on the reference device, into out/run
#   make test ARGS="-k kernel"   the tests, one file of them per core at a time, with arguments for pytest
#   make test EXTRAS=test,torch  the same with PyTorch, so that none is skipped
#   make lint types              ruff; mypy on all packages
#   make wheel-run               the wheel, installed into a new environment, runs the chain from there
#   make dist                    sdist and wheel into dist/, checked by twine; the wheel made from the sdist runs the chain
#   make lowest                  the tests with the lowest versions of the dependencies that setup.cfg allows
#   make docs                    the site, into out/site: notebooks and gallery are run (minutes), no network is needed
#   make plain                   the tests of the kernels without a compiler: as plain Python, for what only that shows
#   make mutants                 which wrong signs, factors and orders the tests notice: hours; goes on where it stopped
#   make fuzz                    damaged files and senseless input by the thousand: an hour
#   make full                    what .ci/run does, the site, the lowest versions, and the three above: before a release
PYTHON ?= python3
ARGS   ?=
EXTRAS ?= test
comma  := ,
PLAIN  := tests/llg/kernels tests/arraysim/synapses/test_pair_kernel.py tests/arraysim/networks/test_bfloat16.py \
          -k "straight_track or temperature_at or slopes or denormal or pair_kernel or bfloat16"
STAMP   = .venv/installed-$(subst $(comma),-,$(EXTRAS))
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: run test lint types wheel wheel-run dist lowest docs plain fuzz mutants full clean
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/dwsynapse run -o out/run --force

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

wheel: $(BIN)/python
	$(PIP) wheel --no-deps --wheel-dir dist .

wheel-run: $(BIN)/python
	rm -rf build/wheel && $(PYTHON) -m venv build/wheel/venv
	$(PIP) wheel --no-deps --wheel-dir build/wheel .
	build/wheel/venv/bin/python -m pip --quiet --disable-pip-version-check install build/wheel/dwsynapse-*.whl
	cd build/wheel && venv/bin/dwsynapse run --quick -o out

dist: $(BIN)/python
	rm -rf build/dist dist && $(PYTHON) -m venv build/dist/venv
	build/dist/venv/bin/python -m pip --quiet --disable-pip-version-check install build twine
	build/dist/venv/bin/python -m build --outdir dist .
	build/dist/venv/bin/python -m twine check --strict dist/*
	$(PYTHON) -m venv --clear build/dist/venv
	build/dist/venv/bin/python -m pip --quiet --disable-pip-version-check install dist/dwsynapse-*.whl
	cd build/dist && venv/bin/dwsynapse run --quick -o out

# Lower bounds as they stand, installed together; what they need in turn is for pip to choose.
lowest:
	rm -rf build/lowest && $(PYTHON) -m venv build/lowest/venv
	sed -n '/^install_requires/,/^$$/s/^ *\(.*\)>=/\1==/p' setup.cfg > build/lowest/versions.txt
	build/lowest/venv/bin/python -m pip --quiet --disable-pip-version-check install \
	  -c build/lowest/versions.txt -e '.[test]'
	build/lowest/venv/bin/python -m pytest -n auto --dist loadfile $(ARGS)

docs: EXTRAS = docs,torch
docs:
	$(MAKE) --no-print-directory EXTRAS=$(EXTRAS) .venv/installed-$(subst $(comma),-,$(EXTRAS))
	$(BIN)/sphinx-build -W --keep-going -b html docs out/site

plain: $(STAMP)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -n auto --dist loadfile -W ignore::RuntimeWarning $(PLAIN) $(ARGS)

fuzz: $(STAMP)
	$(BIN)/python benchmarks/fuzz.py --number 5000

mutants: $(STAMP)
	mkdir -p out && $(BIN)/python benchmarks/mutants.py --jobs 2 -o out/mutants.jsonl

# The newest versions are those of a new environment: `rm -rf .venv` first.
full:
	.ci/run
	$(MAKE) --no-print-directory docs
	$(MAKE) --no-print-directory lowest
	$(MAKE) --no-print-directory EXTRAS=test,torch plain fuzz mutants

clean:
	rm -rf out build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/installed: setup.cfg pyproject.toml dwcore/__init__.py | $(BIN)/python
	$(PIP) install -e .
	touch $@

$(STAMP): setup.cfg pyproject.toml dwcore/__init__.py | $(BIN)/python
	$(PIP) install -e '.[$(EXTRAS)]'
	touch .venv/installed $@

# A broken half-made .venv would satisfy this rule for ever, so it goes when venv fails.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "dwsynapse needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo not found)" \
	       "(choose another: make PYTHON=python3.12)" >&2; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
