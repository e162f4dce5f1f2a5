# Two commands are enough: `make run` and `make test`. Everything is set up by the first that needs it.
.DEFAULT_GOAL := help
.PHONY: help run pipeline test lint format generate bench reliability replay dagster dashboards clean clean-data lock

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# more threads than cores make the numeric libraries many times slower
export OMP_NUM_THREADS ?= 2

help: ## Show what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# uv is several times faster; where it cannot reach the package index, pip installs the same lock
$(READY): requirements.lock requirements-bootstrap.lock Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "Python 3.11 is needed; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up $(VENV) (once; about 1.2 GB)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@{ $(BIN)/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock \
		&& VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock; } \
		|| $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	@# as an editable install would: every tool of the environment finds the project's packages
	@echo '$(CURDIR)' > $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tollhouse.pth
	@touch $(READY)

# a new house gets a simulated operator: SUBSCRIBERS=200 MONTHS=2 SEED=7 START=2026-01-01, or an
# example: EXAMPLE=minimal. Variables of the command line are the environment of the recipe.
run: $(READY) ## Bring up a simulated operator in an empty house, build everything, say what to open
	@$(BIN)/python -m orchestration.run $(if $(EXAMPLE),--example $(EXAMPLE))

pipeline: $(READY) ## Build whatever lies in landing
	@$(BIN)/python -m orchestration.pipeline

test: $(READY) ## Run all tests
	@$(BIN)/python -m pytest

lint: $(READY) ## Check style, types, SQL, and that generated files are up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m orchestration.contracts.generate --check
	@$(BIN)/sqlfluff lint --processes 2 dbt_project

format: $(READY) ## Format Python and SQL
	@$(BIN)/ruff check --fix --quiet . && $(BIN)/ruff format --quiet .
	@$(BIN)/sqlfluff fix --processes 2 dbt_project

generate: $(READY) ## Write dbt sources, staging models and docs/feeds.md from the contracts
	@$(BIN)/python -m orchestration.contracts.generate

# smaller than the published sizes: LINES=1000000 ROWS=2000000 SUBSCRIBERS=10000
bench: $(READY) ## Measure the named workloads; writes benchmarks/out/*.json
	@$(BIN)/python -m benchmarks.ingest $(if $(LINES),--lines $(LINES))
	@$(BIN)/python -m benchmarks.mediation $(if $(ROWS),--rows $(ROWS))
	@$(BIN)/python -m benchmarks.rating $(if $(ROWS),--rows $(ROWS))
	@$(BIN)/python -m benchmarks.simulator $(if $(SUBSCRIBERS),--subscribers $(SUBSCRIBERS))

reliability: $(READY) ## Try every fault at full counts (hours); FAULTS="--only R1,R8" for some
	@$(BIN)/python -m tests.reliability --full $(FAULTS)

replay: $(READY) ## Rebuild from raw in an empty folder and compare with what is published
	@$(BIN)/python -m orchestration.replay

dagster: $(READY) ## Serve Dagster (UI and daemon) on 127.0.0.1:3000
	@$(BIN)/python -m orchestration.serve

dashboards: $(READY) ## Serve the dashboards on 127.0.0.1:8501
	@$(BIN)/python -m streamlit run dashboards/app.py

clean: ## Remove caches and the builder's scratch; never deliveries, raw, archive or published builds
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/out
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@rm -rf "$${TOLLHOUSE_DATA:-data}"/warehouse.duckdb* "$${TOLLHOUSE_DATA:-data}"/dbt_target \
		"$${TOLLHOUSE_DATA:-data}"/tmp "$${TOLLHOUSE_DATA:-data}"/logs

clean-data: ## Remove ALL run-time data, deliveries included (CONFIRM=yes)
	@test "$(CONFIRM)" = yes || { echo "This removes landing, raw, archive and published. Say CONFIRM=yes."; exit 1; }
	@cd "$${TOLLHOUSE_DATA:-data}" && rm -rf landing raw quarantine archive published exports outbox alerts \
		truth dagster dbt_target tmp logs warehouse.duckdb* built.json simulated.json .landing.step .lock

lock: $(READY) ## Resolve the dependencies anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --extra dev --upgrade pyproject.toml -o requirements.lock
	@awk '/^uv==/{p=1} p&&/^[a-z]/&&!/^uv==/{exit} p' requirements.lock > requirements-bootstrap.lock
