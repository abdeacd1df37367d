# Three commands do everything on a fresh Debian or macOS with Python 3.11 or newer:
#   make lab   diagnose an account on the embedded mail estate, and show the report
#   make unit  run the quick tests: no root, no program is started, and no large case is tried
#   make test  install what the tests need, and run them all

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCENARIO ?= wrong-password
CATALOGUES := $(wildcard diagnose/locale/*/LC_MESSAGES/diagnose.po)

# Every package with its version and its hashes, for all systems and Pythons: what a person needs, what the tests need,
# and the tests again with the oldest versions that pyproject.toml takes.
PINS := .ci/pins
PIN := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make pins"

LOWEST := build/lowest
RUNS ?= 1
MEASURED := build/measured
OF_LIBRARIES := tests/discovery tests/providers tests/reports $(addprefix tests/core/test_,connector.py http.py resolver.py \
	stream.py texts_and_subjects.py)

.PHONY: lab unit test lowest lint types check format bench messages pages wheel pins servers clean

# Tests mostly wait for servers: six at once keep two cores busy. Quick ones wait for little but deadlines of their own:
# four at once.
AT_ONCE := -n 6 --dist loadfile
QUICK_AT_ONCE := -n 4 --dist loadfile
# Hypothesis reads all sources for numbers to draw, in each worker, also where all that draws is left out.
NO_DRAWING := -p no:hypothesispytest

lab: $(BIN)/diagnose
	@$(BIN)/diagnose lab $(SCENARIO) || [ $$? -eq 1 ]  # 1: the fault was found

# Which these are is said in tests/conftest.py.
unit: $(VENV)/.dev
	$(BIN)/python -m pytest $(QUICK_AT_ONCE) $(NO_DRAWING) -m "not real and not whole and not thorough"

test: $(VENV)/.dev servers
	@$(BIN)/python -m tests.machine
	$(BIN)/python -m pytest $(AT_ONCE) --no-loadscope-reorder

# Once more, with the oldest versions that pyproject.toml takes: tests that lean on a library, and whole runs for the rest.
lowest: $(LOWEST)/.dev
	$(LOWEST)/bin/python -m pytest $(QUICK_AT_ONCE) -m "not real and not thorough" $(OF_LIBRARIES)
	$(LOWEST)/bin/diagnose lab --all

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# On the other systems, too, as far as types tell: what one of them lacks is an error there.
types: $(VENV)/.dev
	$(BIN)/mypy
	for system in win32 darwin; do \
		$(BIN)/mypy --platform $$system --cache-dir .mypy_cache/$$system diagnose checks reports || exit 1; done

check: lint types test

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What is measured is the package as a person has it: built, and installed by itself, as pipx and uv install it today.
# RUNS=3: three times, for bounds are met where three runs meet them; RESULTS.md has them side by side.
bench: $(VENV)/.dev
	rm -rf $(MEASURED) && mkdir -p $(MEASURED)
	$(BIN)/python -m build --wheel --no-isolation --outdir $(MEASURED)
	$(PYTHON) -m venv $(MEASURED)/venv
	$(MEASURED)/venv/bin/python $(INSTALL) $(PINS)/lab.txt
	$(BIN)/uv pip install -q --offline --no-deps --compile-bytecode --python $(MEASURED)/venv/bin/python $(MEASURED)/*.whl
	$(BIN)/python -m benchmarks --runs $(RUNS) --command $(MEASURED)/venv/bin/diagnose --write benchmarks/RESULTS.md

# After a change of texts: renew the catalogues, then translate what is new in them.
messages: $(VENV)/.dev
	@mkdir -p build
	$(BIN)/pybabel -q extract -F diagnose/locale/babel.toml -k text --add-location=file -o build/diagnose.pot .
	$(BIN)/pybabel -q update -D diagnose -d diagnose/locale -i build/diagnose.pot \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -D diagnose -d diagnose/locale

# After a change of the catalogue or of an option: the documentation's page about every cause, and the manual page.
pages: $(VENV)/.dev
	$(BIN)/python -m docs.write_causes
	$(BIN)/python -m docs.write_man_page

wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

# Newest versions of everything; after a change of pyproject.toml, too. Look at the difference, and run .ci/run.
pins: $(VENV)/.dev
	$(PIN) --all-extras pyproject.toml -o $(PINS)/dev.txt
	printf '%s\n' hatchling babel editables | $(PIN) -c $(PINS)/dev.txt pyproject.toml - -o $(PINS)/lab.txt
	$(PIN) --resolution lowest-direct --all-extras pyproject.toml -o $(PINS)/lowest.txt

# Debian, as root: real mail servers for the tests that need them. Elsewhere those tests say what they miss.
servers:
	@.ci/servers

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

INSTALL = -m pip install -q --require-hashes -r
OURSELVES = -m pip install -q --no-deps --no-build-isolation -e .

$(BIN)/diagnose: $(BIN)/python $(PINS)/lab.txt pyproject.toml $(CATALOGUES)
	$(BIN)/python $(INSTALL) $(PINS)/lab.txt
	$(BIN)/python $(OURSELVES)
	@touch $@

$(VENV)/.dev: $(BIN)/diagnose $(PINS)/dev.txt
	$(BIN)/python $(INSTALL) $(PINS)/dev.txt
	@touch $@

$(LOWEST)/.dev: $(PINS)/lowest.txt pyproject.toml
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python $(INSTALL) $(PINS)/lowest.txt
	$(LOWEST)/bin/python $(OURSELVES)
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
