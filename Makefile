# `make help` lists what there is. Every target sets up what it needs first; set-up that was interrupted resumes.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
PIPENV_VERSION := 2026.10.3
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PIPENV_VENV_IN_PROJECT := 1
export PIPENV_IGNORE_VIRTUALENVS := 1
export PIPENV_VERBOSITY := -1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export CHECKPOINT_DISABLE := 1

APP := .venv/.complete
ENGINE := .venv-engine/.complete
CHECKOV := .venv-checkov/.complete
NODE_MODULES := node_modules/.complete

##@ Start here
.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(APP) $(ENGINE) $(CHECKOV) $(NODE_MODULES) ## Install all that the project needs, into this folder

.PHONY: demo
demo: $(APP) $(ENGINE) ## Synthesize, forecast the cost, and serve the page with a real small model on localhost
	@export API_PORT PAGE_PORT ENGINE_PORT; exec .venv/bin/python -m ops.demo

.PHONY: test
test: check $(ENGINE) $(CHECKOV) ## Run the checks and every test
	@.venv/bin/pytest

##@ Run it on AWS (ENV=dev, staging or prod)
ENV ?= dev

.PHONY: preflight
preflight: $(APP) ## Say what the account still lacks
	@.venv/bin/python -m ops.preflight $(ENV)

.PHONY: deploy
deploy: $(APP) ## State, image and service, in order; ends when the API has answered
	@.venv/bin/python -m ops.deploy $(ENV) $(ARGS)

.PHONY: destroy
destroy: $(APP) ## Remove the service; asks for its name, and refuses a protected one
	@.venv/bin/python -m ops.destroy $(ENV) $(ARGS)

.PHONY: smoke
smoke: $(APP) ## Hold a live API to its contract: make smoke URL=https://...
	@.venv/bin/python -m ops.smoke $(URL) $(ARGS)

.PHONY: load
load: $(APP) $(ENGINE) ## A bounded load on a live API: make load URL=https://...
	@.venv/bin/python -m ops.load $(URL) $(ARGS)

.PHONY: keys
keys: $(APP) ## API keys: make keys ARGS="create NAME"
	@.venv/bin/python -m ops.keys --environment $(ENV) $(ARGS)

##@ Look ahead
.PHONY: forecast
forecast: synth ## What each environment costs a month
	@.venv/bin/python -m ops.forecast $(ARGS)

.PHONY: prices
prices: $(APP) ## Compare the prices with AWS's price list; ARGS=--write takes them over
	@.venv/bin/python -m ops.prices $(ARGS)

.PHONY: dashboard
dashboard: $(APP) ## Draw the CloudWatch dashboard with sample data
	@.venv/bin/python -m ops.dashboard $(ARGS)

.PHONY: replay
replay: synth ## Replay a trace of requests against the scaling rules
	@.venv/bin/python -m ops.replay $(ARGS)

##@ Work on it
.PHONY: check
check: $(APP) $(NODE_MODULES) ## Lint, format and types
	@ruff check .
	@ruff format --check .
	@pyright --warnings

.PHONY: format
format: $(APP) ## Format the code
	@ruff check --fix .
	@ruff format .

.PHONY: synth
synth: $(APP) ## Write every stack to cdktf.out/stacks
	@.venv/bin/python main.py
	@ls -d cdktf.out/stacks/*

.PHONY: check-cdktn
check-cdktn: $(APP) ## Synthesize under cdktf's community fork, and compare the resources
	@.venv/bin/python -m ops.check_cdktn $(ARGS)

.PHONY: snapshots
snapshots: $(APP) ## Accept what the stacks synthesize now
	@.venv/bin/pytest tests/test_snapshots.py --snapshot-update

.PHONY: lock
lock: .tools/pipenv/.complete $(APP) ## Resolve the dependencies anew
	@.tools/pipenv/bin/pipenv lock
	@$(PYTHON) -c 'import json, pathlib; p = pathlib.Path("Pipfile.lock"); d = json.loads(p.read_text()); d["_meta"]["sources"] = []; [e.pop("index", None) for k in d if k != "_meta" for e in d[k].values()]; p.write_text(json.dumps(d, indent=4) + "\n")'
	@.venv/bin/npm install --package-lock-only

.PHONY: clean
clean: ## Remove all that was made, environments included
	@rm -rf .venv .venv-* .tools node_modules cdktf.out build

##@ Measure
.PHONY: bench-synth
bench-synth: $(APP) ## Time the synthesis, with and without the fast import of the provider
	@.venv/bin/python -m ops.bench_synth

.PHONY: bench-gateway
bench-gateway: $(ENGINE) ## Compare the gateway with nginx and LiteLLM
	@.venv-engine/bin/python -m ops.bench_gateway

# Set-up. A stamp is written last, so that what was interrupted is done again.
.tools/pipenv/.complete: Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "error: Python 3.11 or newer is needed, %s is %s; call make PYTHON=..." % (sys.executable, sys.version.split()[0]))'
	@echo "set-up: pipenv"
	@$(PYTHON) -m venv .tools/pipenv || { echo "error: $(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@.tools/pipenv/bin/pip install --quiet pipenv==$(PIPENV_VERSION)
	@touch $@

$(APP): Pipfile.lock constructs/pyproject.toml | .tools/pipenv/.complete
	@echo "set-up: application (about 1.2 GB)"
	@$(PYTHON) -m venv .venv
	@.tools/pipenv/bin/pipenv sync --dev --quiet
	@touch $@

$(ENGINE): runtime/requirements-cpu.txt
	@$(PYTHON) -c 'import platform, sys; here = (platform.system(), platform.machine()); sys.exit(here not in (("Linux", "x86_64"), ("Linux", "aarch64")) and "error: the local engine needs Linux on x86_64 or aarch64, this is %s on %s" % here)'
	@echo "set-up: local engine (about 3 GB)"
	@$(PYTHON) -m venv .venv-engine
	@.venv-engine/bin/pip install --quiet --no-deps --requirement $<
	@touch $@

$(CHECKOV): ops/requirements-checkov.txt
	@echo "set-up: checkov"
	@$(PYTHON) -m venv .venv-checkov
	@.venv-checkov/bin/pip install --quiet --no-deps --require-hashes --requirement $<
	@touch $@

$(NODE_MODULES): package-lock.json | $(APP)
	@echo "set-up: node modules"
	@.venv/bin/npm ci --silent
	@touch $@
