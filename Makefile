# zool: `make help` says what there is. The environment is .venv; nothing is installed outside it but by `test-system`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell for v in 3.11 3.12 3.13; do command -v python$$v >/dev/null 2>&1 && python$$v -c '' 2>/dev/null && { echo python$$v; break; }; done)
UV_VERSION := 0.11
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: help install demo test test-system chaos fuzz check format proto chart bench site train models-report offline clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## make .venv with everything that runs and tests

$(STAMP): pyproject.toml uv.lock tests/support/apart.txt
	@test -n "$(PYTHON)" || { echo "zool: no Python 3.11, 3.12 or 3.13 was found (Triton's stubs end there): install one, or say make PYTHON=/path/to/python"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "zool: $(PYTHON) has no venv module: apt-get install $(notdir $(PYTHON))-venv"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=$(UV_VERSION)'
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --locked --inexact --python $(BIN)/python
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target .venv/apart --python-version 3.12 --no-deps --require-hashes -r tests/support/apart.txt
	@touch $@

demo: $(STAMP) ## the whole system on the demo site (DEMO_ARGS="--for 90 --json" is passed on)
	@$(BIN)/zool demo $(DEMO_ARGS)

test: $(STAMP) check ## everything that needs no system packages
	@$(BIN)/pytest -m "not system and not chaos" $(TEST_ARGS)

test-system: $(STAMP) ## tests with GStreamer, Chromium and ffmpeg, which it installs with apt
	@tests/system/install
	@$(BIN)/pytest -m system $(TEST_ARGS)

chaos: $(STAMP) ## 100 kills and pauses under 8 cameras (ZOOL_CHAOS_FAULTS, ZOOL_CHAOS_SEED); a takeover; a host of three
	@$(BIN)/pytest -m chaos -s $(TEST_ARGS)

fuzz: $(STAMP) ## calls made of the OpenAPI document and of the proto files, many of each (ZOOL_FUZZ_EXAMPLES)
	@ZOOL_FUZZ_EXAMPLES=$${ZOOL_FUZZ_EXAMPLES:-100} $(BIN)/pytest tests/integration/test_api_schemathesis.py tests/integration/test_api_doors_lists.py -k 'schemathesis or nonsense' $(TEST_ARGS)

check: $(STAMP) ## lint, format, types, import contracts, what bandit says
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/bandit -q -ll -c pyproject.toml -r api dashboards deploy ingest model_repository postprocess

format: $(STAMP) ## write the format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

proto: $(STAMP) ## generate the gRPC stubs of api/acs/v1/acs.proto again
	@$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. --grpc_python_out=. api/acs/v1/acs.proto api/acs/v1/doors.proto

chart: $(STAMP) ## write into chart and compose what the code says: accounts of the broker, settings, boards, alerts
	@$(BIN)/python -m deploy.chartgen

bench: $(STAMP) ## latency from crossing to client, then eight cameras for five minutes
	@$(BIN)/zool bench latency
	@$(BIN)/zool bench soak

site: $(STAMP) ## render the demo site again (installs the group that makes scenes)
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --locked --inexact --group train
	@$(BIN)/zool site clips --out deploy/site

train: $(STAMP) ## train the starter models on rendered scenes (about two hours on two cores)
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --locked --inexact --group train
	@$(BIN)/zool models train detector --out model_repository/weights
	@$(BIN)/zool models train plate_ocr --out model_repository/weights
	@$(BIN)/zool models train plate_corners --out model_repository/weights
	@$(BIN)/zool models train face_detector --out model_repository/weights
	@$(BIN)/zool models train face_embedding --out model_repository/weights
	@$(BIN)/zool models train ppe --out model_repository/weights
	@$(BIN)/zool models train surface_defect --out model_repository/weights

models-report: $(STAMP) ## write the tables of MODELS.md from cards and kept evaluations
	@$(BIN)/zool models report
	@$(BIN)/zool eval report

OFFLINE ?= offline
offline: $(STAMP) ## a folder with everything that an installation without a network needs (OFFLINE=folder)
	@mkdir -p $(OFFLINE)/wheels
	@$(BIN)/uv export --quiet --locked --no-dev --extra onebox --no-emit-project --python $(BIN)/python -o $(OFFLINE)/requirements.txt
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -d $(OFFLINE)/wheels -r $(OFFLINE)/requirements.txt
	@$(BIN)/uv build --quiet --wheel --python $(BIN)/python -o $(OFFLINE)/wheels
	@cp config.ini README.md ARCHITECTURE.md MODELS.md CHANGELOG.md LICENSE deploy/offline/install $(OFFLINE)/
	@cp deploy/README.md $(OFFLINE)/DEPLOY.md
	@cd $(OFFLINE) && sha256sum wheels/* requirements.txt > SHA256SUMS && du -sh . && echo "carry $(OFFLINE)/ over, then: ./install /opt/zool"

clean: ## remove the environment and what the demo left
	@rm -rf .venv var .work
