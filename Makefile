# Everything runs in .venv with the pinned requirements; `make run` runs, `make test` proves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup.stamp
COMPILE := uv pip compile --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --quiet
ARGS ?=

.PHONY: setup run test interop lint bench requirements clean

setup: $(STAMP)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "ticketledger needs Python 3.11 or newer; $(PYTHON) is older or missing." >&2; \
		echo "Install one, or name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv module." >&2; \
		echo "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --no-index -e .
	@touch $@

run: setup
	@exec $(BIN)/ticketledger serve --demo $(ARGS)

test: setup
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

# Other people's programs, into .interop, for the tests marked interop: absent ones are skipped.
# ARGS=--system lets it ask apt-get for Go, as root.
interop: setup
	@$(BIN)/python -m tests.interop.install $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	@exec $(BIN)/python -m tests.benchmarks $(ARGS)

# Pins anew; the only target that needs uv (https://docs.astral.sh/uv/).
requirements:
	@command -v uv >/dev/null || { echo "make requirements needs uv on the PATH." >&2; exit 1; }
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) pyproject.toml --extra dev --output-file requirements-dev.txt
	cd tests/interop/programs && $(COMPILE) requirements.in --output-file requirements.txt
	cd tests/interop/programs && $(COMPILE) r4pm.in --output-file r4pm.txt
	cd tests/interop/programs && $(COMPILE) pm4py.in --output-file pm4py.txt

# The data in var/ stays: it is a ledger, not a build product.
clean:
	rm -rf $(VENV) .interop build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
