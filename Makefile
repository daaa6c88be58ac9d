PYTHON ?= python3
BIN := .venv/bin
CONNECTORS := $(wildcard connectors/*/pyproject.toml)
EDITABLE := -e .[test] $(foreach file,$(CONNECTORS),-e $(dir $(file)))

.PHONY: setup demo test thorough check bench live clean

setup: .venv/ready  ## everything installed into .venv

.venv/ready: pyproject.toml $(CONNECTORS)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(EDITABLE)
	@touch $@

demo: setup  ## the main job on the sandbox CRM, then a query on its result
	@$(BIN)/crmsync run --connector hubspot --stream contact --sandbox 20000 --store demo.duckdb
	@$(BIN)/crmsync query --store demo.duckdb "SELECT name, email, job_title, _updated_at FROM hubspot.contact ORDER BY _updated_at DESC LIMIT 5"

test: setup  ## every test; starts whatever the tests need
	$(BIN)/python -m pytest

thorough: setup  ## every test, with the long forms of kill matrices and properties; about an hour
	CRMSYNC_THOROUGH=1 $(BIN)/python -m pytest

check: setup  ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

live: setup  ## simulators beside the real accounts whose options the environment has; only reads
	@PYTHONPATH=tests $(BIN)/python -m live

bench: setup  ## what crmsync costs, beside other ways to do the same; half an hour
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .[bench]
	@$(BIN)/python -m benchmarks

clean:
	rm -rf .venv demo.duckdb*
