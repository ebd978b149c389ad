# Two commands: `make run` and `make test`. Python 3.11+ and make are all they need.
PYTHON ?= python3
PORT ?= 8000
HOST ?= 127.0.0.1
VENV := .venv/bin
BOOTSTRAP := $(PYTHON) mdt_portal/native/bootstrap.py
PROD_ENV := env -u MDT_DEMO -u MDT_TESTING SECRET_KEY=check-$$(printf '%064d' 7)-Q9z FIELD_ENCRYPTION_KEY=a SEARCH_HASH_KEY=b \
	DATABASE_URL=postgresql:///mdt BROKER_URL=redis://localhost ALLOWED_HOSTS=mdt.example

# Some images switch bytecode off, which costs each process of the tests a second or more at its start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
CHECKS := check-style check-layout check-layers check-types check-templates check-production check-migrations check-words
CLOCKS := sunday sunday-utc thursday holiday december
PYTEST := $(VENV)/python -m pytest
# More processes than cores: each waits now and then, for the browser, a server, a worker.
SPREAD := -n 3 --dist worksteal
SLOWEST := --durations=25 --durations-min=2
# One check's lines stay together, where make can do that (4.0 or newer).
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.PHONY: help run test test-fast test-full test-clocks check $(CHECKS) $(CLOCKS:%=clock-%) format install install-test \
	browser lock screenshots

help:
	@echo "make run [PORT=8000]  the portal on this machine, with demo data"
	@echo "make test             everything that must hold: checks, then all tests but the slow ones"
	@echo "make test-fast        what needs neither database nor browser: while one writes"
	@echo "make test-full        the slow tests"
	@echo "make test-clocks      the tests by the clock of a Sunday night, a holiday, the last of December …"
	@echo "make check            checks only: style, layers, types, migrations, translations"
	@echo "make format           lay the code out"
	@echo "make screenshots      take the pictures of docs/tour.md anew"
	@echo "make lock             lock the packages of pyproject.toml anew"

run: install
	@$(VENV)/python -m mdt_portal.native.run --port $(PORT) --host $(HOST)

test: install-test browser check
	@$(PYTEST) $(SPREAD) $(SLOWEST) -m "not slow" $(ARGS)

test-fast: install-test
	@$(PYTEST) $(SPREAD) $(SLOWEST) -m "pure and not slow" --ignore=tests/infra $(ARGS)

test-full: install-test browser
	@$(PYTEST) $(SPREAD) $(SLOWEST) -m "slow and not timed" $(ARGS)
	@$(PYTEST) -m timed $(ARGS)

test-clocks: $(CLOCKS:%=clock-%)

$(CLOCKS:%=clock-%): clock-%: install-test
	@echo "The clock of: $*"
	@MDT_TEST_CLOCK=$* $(PYTEST) $(SPREAD) -q -m "not slow and not browser" --ignore=tests/solver $(ARGS)

check: install-test
	@$(MAKE) --no-print-directory --jobs=4 --keep-going $(TOGETHER) $(CHECKS)

check-style:
	@$(VENV)/ruff check .

check-layout:
	@$(VENV)/ruff format --check .

check-layers:
	@$(VENV)/lint-imports --no-logo

check-types:
	@MDT_TESTING=1 $(VENV)/mypy

check-templates:
	@$(VENV)/djlint --lint --quiet templates

check-production:
	@$(PROD_ENV) $(VENV)/python manage.py check --deploy --fail-level WARNING

check-migrations:
	@MDT_TESTING=1 $(VENV)/python -W ignore manage.py makemigrations --check --dry-run

check-words:
	@MDT_TESTING=1 $(VENV)/python manage.py messages --check

format: install-test
	@$(VENV)/ruff check --fix-only --quiet .
	@$(VENV)/ruff format .

install:
	@$(BOOTSTRAP) requirements/native.txt

install-test:
	@$(BOOTSTRAP) requirements/test.txt

browser: install-test
	@$(VENV)/python -m mdt_portal.native.browser

screenshots: browser
	@$(VENV)/python docs/screenshots.py

LOCK := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header pyproject.toml
lock: install-test
	@$(LOCK) -o requirements/production.txt
	@$(LOCK) --extra native -c requirements/production.txt -o requirements/native.txt
	@$(LOCK) --extra native --extra test -c requirements/native.txt -o requirements/test.txt
