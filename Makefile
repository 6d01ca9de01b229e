# Every chore has one short name; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3.11
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo ldap test live check chaos soak mutants schema bench deploy up lock

help: ## List the chores
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(VENV)/run.stamp: requirements-pip.lock requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements-pip.lock
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

ldap: $(VENV)/run.stamp requirements-ldap.lock ## Add what speaks LDAP to the environment; compiles it (Debian: gcc libldap-dev libsasl2-dev)
	$(BIN)/pip install --quiet --require-hashes --no-build-isolation -r requirements-ldap.lock

demo: $(VENV)/run.stamp ## The main job on a simulated company of 500 people; TARGET=all and SOURCES=all or push widen it
	$(BIN)/seatwise demo --out out/demo $(if $(SOURCES),--sources $(SOURCES)) $(if $(TARGET),--targets $(TARGET))

test: $(VENV)/dev.stamp ## Run the tests and hold the floors of branch coverage
	@mkdir -p out
	$(BIN)/python -m slipcover -m pytest -n 3 --dist worksteal -q
	$(BIN)/python tests/coverage_floors.py out/coverage.json

live: $(VENV)/dev.stamp ## Run the tests that take long, most of them with a Prefect server, its workers and a browser; half an hour
	$(BIN)/python -m pytest -m live -q

check: $(VENV)/dev.stamp ## Lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

chaos: $(VENV)/dev.stamp ## Kill, disturb and mislead it everywhere, and 90 days under the oracle; hours. ONLY='kill crowd', POINTS=N, ORACLE_DAYS, ORACLE_SEED
	$(BIN)/python -m tests.chaos $(if $(ONLY),--only '$(ONLY)') $(if $(POINTS),--points $(POINTS))

soak: $(VENV)/dev.stamp ## A living server and worker under the oracle for 30 days; an hour. DAYS=30, SEED=1, INTERVAL=20 seconds, ONLY=services
	$(BIN)/python -m tests.soak $(if $(DAYS),--days $(DAYS)) $(if $(SEED),--seed $(SEED)) $(if $(INTERVAL),--interval $(INTERVAL)) $(if $(ONLY),--only $(ONLY))

mutants: $(VENV)/dev.stamp ## Break what decides, remembers and writes line by line and hold the floors of what tests see; ONLY=FILE and MOST=N shorten it
	$(BIN)/python tests/mutants.py $(if $(ONLY),--only $(ONLY)) $(if $(MOST),--most $(MOST))

schema: $(VENV)/run.stamp ## Write config/policy.schema.json and docs/policy.md from the models of the policy, and the empty database of a Prefect server
	$(BIN)/python -m tasks.schema
	$(BIN)/python -m flows.setup.database

bench: $(VENV)/dev.stamp ## Measure the budgets as ratios
	$(BIN)/python -m benchmarks

deploy: $(VENV)/run.stamp ## Tell the Prefect server of PREFECT_API_URL of Seatwise; POLICIES=DIR for many, CHANNEL=TYPE/NAME
	$(BIN)/seatwise deploy $(if $(POLICIES),--policies $(POLICIES)) $(if $(CHANNEL),--channel $(CHANNEL))

up: $(VENV)/run.stamp ## Server, worker, deployments and a simulated company for a first look; Ctrl-C ends it. PORT=4200
	$(BIN)/seatwise up $(if $(PORT),--port $(PORT))

lock: $(VENV)/dev.stamp ## Resolve the dependencies afresh (needs uv)
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra server -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-server.lock
	uv pip compile pyproject.toml --extra build --extra server --extra dev -c requirements.lock -c requirements-server.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock
