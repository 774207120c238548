# Every target sets up what it needs: `make demo` and `make test` work on a fresh machine
# with Python 3.11 or newer and make, from any folder, as often as you like.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python -m

.PHONY: help setup demo test test-slow test-browser test-mutants check format structure golden bench docs clean

help:
	@echo "make demo       run the main job on generated films and open the way to its report"
	@echo "make test       run the tests (no network, no GPU)"
	@echo "make test-slow  run the tests that take minutes"
	@echo "make test-browser  run the page's tests in Chromium (installs it, where it may)"
	@echo "make test-mutants  change the code a little, one place at a time, and see whether tests notice"
	@echo "make check      formatting, lint, types, import contracts"
	@echo "make format     put the code into its format"
	@echo "make structure  print how the package is built: modules, doors, importers, circles"
	@echo "make docs       write the pages that are made from the code"
	@echo "make golden     write the frozen results anew, when they are meant to change"
	@echo "make bench      measure speed and memory as ratios"
	@echo "make setup      make the virtual environment and install (the others do it too)"
	@echo "make clean      remove the virtual environment and what tools left behind"

setup: $(VENV)/installed

# The build tools come first, pinned like all else, so that no build fetches its own.
$(VENV)/installed: pyproject.toml constraints.txt
	"$(PYTHON)" -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt hatchling editables
	$(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@

demo: setup
	$(RUN) hilum demo --out runs/demo

test: setup
	$(RUN) pytest -m "not slow and not browser" --numprocesses 2 --dist loadfile

test-slow: setup
	$(RUN) pytest -m "slow and not browser"

# Debian's own Chromium; Playwright downloads no browser.
test-browser: setup
	@[ -n "$$HILUM_TEST_CHROMIUM" ] || command -v chromium >/dev/null \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	     && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
	|| { echo "The page's tests need Chromium: install it, or set HILUM_TEST_CHROMIUM to its path." >&2; exit 1; }
	$(RUN) pytest -m browser --numprocesses 2 --dist loadfile

# Hours for all of it. TARGETS names some (tests/mutants/targets.toml); MOST is of one module.
TARGETS ?=
MOST ?= 20
test-mutants: setup
	$(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt --no-build-isolation --editable '.[mutants]'
	$(VENV)/bin/python tests/mutants/run.py $(TARGETS) --most $(MOST)

check: setup
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(VENV)/bin/python -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

format: setup
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

structure: setup
	$(VENV)/bin/python tests/architecture/structure.py src

# Minutes on two cores. What changed shows in `git diff`; the commit says why.
golden: setup
	cd tests && ../$(RUN) golden.make --freeze

bench: setup
	$(RUN) benchmarks.all

# What is written from the code: a page for each check, a schema for each document.
docs: setup
	$(VENV)/bin/python docs/generate_checks.py
	$(VENV)/bin/python -c "from pathlib import Path; from hilum.runs.schema import write_schemas; write_schemas(Path('docs/schemas'))"

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
