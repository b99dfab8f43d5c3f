# What people and machines run. `make test` is all that a change must pass; `.ci/run` calls it.
#
# Clippy, docs and tests share one profile and the features of the whole workspace, so that nothing is compiled twice.

SHELL := /bin/bash
CACHE := $(HOME)/.cache/annals
PYTHON ?= python3
export ANNALS_PYTHON ?= $(CACHE)/venv/bin/python
# Warnings are refused by clippy's own argument rather than by RUSTFLAGS, which would recompile every dependency.
CARGO := cargo --locked
READERS := deltalake duckdb polars pyarrow
# What connects to the wires, apart from the readers: they want a newer SQLAlchemy than the bench's oldest parser bears.
export ANNALS_CLIENTS ?= $(CACHE)/clients/bin/python
CLIENTS := adbc_driver_flightsql asyncpg duckdb mcp pandas polars psycopg pyarrow pytz schemathesis sqlalchemy
# What the bench of intake is compared with; subunit2sql needs the older interfaces.
PARSERS := test_results_parser junitparser subunit2sql
PINS := "oslo.db<13" "SQLAlchemy<2"

.DEFAULT_GOAL := help
.PHONY: help setup lint test bench demo

help: ## Lists the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 8

setup: ## Installs what is missing: system packages, and other engines to read the tables with
	@.ci/setup
	@$(ANNALS_PYTHON) -c 'import $(shell echo $(READERS) | tr " " ",")' 2>/dev/null || { \
		echo "installing $(READERS) into $(CACHE)/venv"; \
		$(PYTHON) -m venv $(CACHE)/venv && $(CACHE)/venv/bin/python -m pip install --quiet $(READERS); }
	@$(ANNALS_CLIENTS) -c 'import $(shell echo $(CLIENTS) | tr " " ",")' 2>/dev/null || { \
		echo "installing $(CLIENTS) into $(CACHE)/clients"; \
		$(PYTHON) -m venv $(CACHE)/clients && \
		$(CACHE)/clients/bin/python -m pip install --quiet $(CLIENTS:psycopg=psycopg[binary]); }

lint: ## Checks format, lints and docs
	cargo fmt --all --check
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items --quiet
	@if cargo deny --version >/dev/null 2>&1; then cargo deny --offline check licenses bans; fi

# A test that lacks what `setup` installs fails; `make test ANNALS_TESTS=` skips it, as a plain `cargo test` does.
test: export ANNALS_TESTS ?= all
test: setup lint ## Runs everything that a change must pass
	$(CARGO) test --workspace --all-targets --no-fail-fast
	$(CARGO) test --workspace --doc

bench: setup ## Measures intake, folding, files, rebuilding, pages, questions and the wires
	@$(ANNALS_PYTHON) -c 'import $(shell echo $(PARSERS) | tr " " ",")' 2>/dev/null || \
		$(ANNALS_PYTHON) -m pip install --quiet $(PARSERS) $(PINS)
	$(CARGO) bench --workspace --bench intake
	$(CARGO) bench --workspace --bench warehouse
	$(CARGO) bench --workspace --bench wires

demo: ## Builds a small repository, tells what broke and serves it
	$(CARGO) run --release -- demo
