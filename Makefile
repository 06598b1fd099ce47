# `make` lists the targets. Two do everything: `make run` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
AS_OF ?= 2026-10-31
ACCOUNTS ?= 1000
SEED ?= 7

# Nothing here phones home.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DAGSTER_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
# A night and its tests start many processes over the same packages. Some images forbid Python to keep what it compiled;
# then each of those processes would compile all of them again, which takes longer than most of what they do.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: run
run: install ## everything on a fresh clone: demo input, sandbox CRM, one nightly run, a summary
	$(BIN)/abm demo --accounts $(ACCOUNTS) --seed $(SEED) --as-of $(AS_OF) --out var/demo/landing --truth var/demo/truth --keep
	$(BIN)/abm run --input var/demo/landing --as-of $(AS_OF) --warehouse var/demo/abm.duckdb

.PHONY: test
test: install browser ## install what the tests need and run every test
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder tests

.PHONY: ui
ui: install ## Dagster UI and the sandbox CRM on this machine, with lineage, schedules, reruns
	$(BIN)/abm ui --warehouse var/demo/abm.duckdb --input var/demo/landing --as-of $(AS_OF)

.PHONY: check
check: format-check lint types sql-lint lock-check test ## what CI runs: format, lint, types, SQL lint, tests

.PHONY: format
format: install ## rewrite Python and SQL in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/sqlfluff fix --processes 0 --disable-progress-bar dbt_project/models dbt_project/tests

.PHONY: format-check
format-check: install
	$(BIN)/ruff format --check .

.PHONY: lint
lint: install
	$(BIN)/ruff check .

.PHONY: types
types: install
	$(BIN)/mypy

.PHONY: sql-lint
sql-lint: install
	$(BIN)/sqlfluff lint --processes 0 --disable-progress-bar dbt_project/models dbt_project/tests

.PHONY: lock-check
lock-check:
	@if grep -nE '(https?|file)://|--(extra-)?index-url|--find-links' requirements*.lock; then echo "a lock file names an address" >&2; exit 1; fi

.PHONY: graph
graph: install ## renew orchestration/graph.txt, the committed picture of the asset graph
	$(BIN)/python -m orchestration.graph > orchestration/graph.txt.new && mv orchestration/graph.txt.new orchestration/graph.txt

.PHONY: bench
bench: install ## measure speed and memory as ratios; prints the tables that the READMEs quote
	$(BIN)/python -m tests.bench

.PHONY: drill
drill: install ## kill a night at instants spread over its length; it must end as one that nobody disturbed
	$(BIN)/python -m tests.drill

.PHONY: lock
lock: install ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements.lock
	$(BIN)/uv pip compile requirements-bootstrap.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements-bootstrap.lock

.PHONY: install
install: .venv/.installed ## the Python environment in .venv, exactly as locked

.venv/.installed: requirements.lock requirements-bootstrap.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	$(BIN)/uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock requirements-bootstrap.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	touch $@

.PHONY: browser
browser: ## Debian's Chromium and a Japanese font for the page tests
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; } \
	  || echo "No Chromium here, and no right to install it: the page tests will be skipped."

.PHONY: clean
clean: ## remove the demo's warehouse, sandbox and build output (var/), keep the environment
	rm -rf var dbt_project/target dbt_project/logs
