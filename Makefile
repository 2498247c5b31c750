# Everything on a fresh machine with Python 3.11+, pip and make:
#   make demo   sets up and runs the whole move against the rehearsal Sage
#   make test   sets up and runs lint, types, tests and the demo
#   make soak   2,000 whole histories of a move, and the rehearsal's books under many more bookings;
#               HISTORIES=500 lets fewer happen, SEED=8 lets others happen
#   make fuzz   5,000 random requests against the served rehearsal, and 20,000 changed files for the loaders,
#               about five minutes
#   make lock   resolves the dependencies anew, into .ci/requirements.lock with a hash for each file
#   make mutants MODULE=sagerecon/planning/budget.py   faults planted one at a time, and which survive
# No Debian package is needed. Where chromium is present, the report's pages are looked at too.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
LOCK := .ci/requirements.lock
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test lint types unit audit soak setup lock fixtures fuzz mutants bench clean

setup: $(STAMP)

# Only files with the hashes of the lock are installed, for building the package too.
$(STAMP): pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --requirement $(LOCK)
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

lock:
	$(PYTHON) -m venv $(VENV)
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--extra test --output-file $(LOCK) --upgrade pyproject.toml

demo: $(STAMP)
	$(BIN)/sagerecon demo --folder build/demo

test: lint types unit demo audit

# Known vulnerabilities of the dependencies, where their data can be reached; otherwise it says why not.
audit: $(STAMP)
	$(BIN)/python tests/audit.py $(LOCK)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/python -m pytest -n auto

# More than the suite has time for: whole histories of a move, the books of the rehearsal, killed runs.
soak: $(STAMP)
	SAGERECON_HISTORIES=$(or $(HISTORIES),2000) SAGERECON_SEED=$(or $(SEED),0) $(BIN)/python -m pytest -n auto -s tests/test_histories.py
	SAGERECON_SOAK=$(or $(EXAMPLES),500) $(BIN)/python -m pytest tests/test_rehearsal_books.py
	SAGERECON_KILLED_RUNS=20 $(BIN)/python -m pytest -n auto tests/test_runner_replays_killed.py

fixtures: $(STAMP)
	$(BIN)/python fixtures/wholesaler/make.py

fuzz: $(STAMP)
	$(BIN)/python tests/fuzzing.py --requests 5500
	$(BIN)/python tests/loader_fuzzing.py --inputs $(or $(INPUTS),20000)

# Faults planted one at a time, and those that no test notices; a room takes minutes, a small module seconds.
# make mutants MODULE=sagerecon/planning/budget.py [TESTS="tests/test_planning_planner.py"]
mutants: $(STAMP)
	$(PIP) --editable '.[test,mutants]'
	$(BIN)/python tests/mutants.py $(MODULE) $(if $(TESTS),--tests $(TESTS))

bench: $(STAMP)
	for benchmark in benchmarks/*.py; do $(BIN)/python $$benchmark; done

clean:
	rm -rf build $(VENV)
