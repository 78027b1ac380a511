# `make help` lists what there is. Every target sets up what it needs first; set-up that was interrupted resumes.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PIPENV_IGNORE_VIRTUALENVS := 1
export PIPENV_VERBOSITY := -1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export CHECKPOINT_DISABLE := 1

TOOLS := .tools/.complete
APP := .venv/.complete
DEV := .venv/.complete-dev
ENGINE := .venv-engine/.complete
CHECKOV := .venv-checkov/.complete
NODE_MODULES := node_modules/.complete

##@ Start here
.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print "\n" substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(DEV) $(ENGINE) $(CHECKOV) $(NODE_MODULES) ## Install all that the project needs, into this folder

.PHONY: demo
demo: $(APP) $(ENGINE) ## Synthesize, forecast the cost, and serve the page with a real small model on localhost
	@export API_PORT PAGE_PORT ENGINE_PORT MODEL BEGAN=$(BEGAN); exec .venv/bin/python -m ops.demo

.PHONY: test
test: check $(ENGINE) $(CHECKOV) ## Run the checks and every test
	@.venv/bin/pytest --numprocesses 3

##@ Run it on AWS (ENV=dev, staging or prod)
ENV ?= dev

.PHONY: preflight
preflight: $(APP) ## Check what the account still lacks
	@.venv/bin/python -m ops.preflight $(ENV)

.PHONY: deploy
deploy: $(APP) ## Deploy state, image and service; shows each plan, and ends with a real answer
	@.venv/bin/python -m ops.deploy $(ENV) $(ARGS)

.PHONY: destroy
destroy: $(APP) ## Remove the service; asks for its name, and refuses a protected one
	@.venv/bin/python -m ops.destroy $(ENV) $(ARGS)

.PHONY: wake
wake: $(APP) ## Open an environment outside its office hours: make wake ENV=dev HOURS=2
	@.venv/bin/python -m ops.wake $(ENV) $(HOURS)

.PHONY: smoke
smoke: $(APP) ## Check a live API against its contract: make smoke URL=https://...
	@.venv/bin/python -m ops.smoke $(URL) $(ARGS)

.PHONY: load
load: $(APP) $(ENGINE) ## Put a bounded load on a live API: make load URL=https://...
	@.venv/bin/python -m ops.load $(URL) $(ARGS)

.PHONY: evaluate
evaluate: $(APP) ## Score a live API's answers: make evaluate URL=https://... ARGS="--save FILE --against FILE"
	@.venv/bin/python -m ops.evaluate $(URL) $(ARGS)

.PHONY: keys
keys: $(APP) ## Create, list and revoke API keys: make keys ARGS="create NAME"
	@.venv/bin/python -m ops.keys --environment $(ENV) $(ARGS)

.PHONY: usage
usage: synth ## Show what each API key used in the last 30 days: ARGS="--csv FILE --chart FILE"
	@.venv/bin/python -m ops.usage $(ENV) $(ARGS)

##@ Look ahead
.PHONY: forecast
forecast: synth ## Show what each environment costs a month
	@.venv/bin/python -m ops.forecast $(ARGS)

.PHONY: token-cost
token-cost: $(APP) ## Compare what a token costs on g4dn and g5, by load
	@.venv/bin/python -m ops.token_cost $(ARGS)

.PHONY: hosting
hosting: synth ## Compare what a million tokens costs here and elsewhere
	@.venv/bin/python -m ops.hosting $(ARGS)

.PHONY: prices
prices: $(APP) ## Compare the prices with AWS's price list; ARGS=--write updates them
	@.venv/bin/python -m ops.prices $(ARGS)

.PHONY: model
model: $(APP) ## Add, list and fit models: make model ARGS="list"
	@.venv/bin/python -m ops.model $(ARGS)

.PHONY: dashboard
dashboard: $(APP) ## Draw the CloudWatch dashboard with sample data
	@.venv/bin/python -m ops.dashboard $(ARGS)

.PHONY: replay
replay: synth ## Replay a trace of requests against the scaling rules
	@.venv/bin/python -m ops.replay $(ARGS)

.PHONY: scale-plan
scale-plan: synth ## Hosts, dollars and latency by load, and which limit is met when
	@.venv/bin/python -m ops.scale_plan $(ENV)

##@ Work on it
.PHONY: check
check: $(DEV) $(NODE_MODULES) ## Check lint, format and types
	@ruff check .
	@ruff format --check .
	@pyright --warnings

.PHONY: format
format: $(DEV) ## Format the code
	@ruff check --fix .
	@ruff format .

.PHONY: synth
synth: $(APP) ## Write every stack to cdktf.out/stacks
	@.venv/bin/python main.py
	@ls -d cdktf.out/stacks/*

.PHONY: check-cdktn
check-cdktn: $(APP) ## Synthesize under cdktf's community fork and compare the stacks
	@.venv/bin/python -m ops.maintain.check_cdktn $(ARGS)

.PHONY: snapshots
snapshots: $(DEV) ## Accept what the stacks synthesize now
	@.venv/bin/pytest tests/stacks/test_snapshots.py --snapshot-update

.PHONY: lock
lock: $(APP) $(ENGINE) ## Resolve and lock the dependencies
	@.tools/bin/pipenv lock
	@$(PYTHON) -c 'import json, pathlib; p = pathlib.Path("Pipfile.lock"); d = json.loads(p.read_text()); d["_meta"]["sources"] = []; [e.pop("index", None) for k in d if k != "_meta" for e in d[k].values()]; p.write_text(json.dumps(d, indent=4) + "\n")'
	@.venv/bin/npm install --package-lock-only
	@for file in runtime/requirements-cpu.txt ops/maintain/requirements-checkov.txt; do \
		{ grep '^#' $$file; sed -E '/^#|--hash/d; s/ \\$$//' $$file \
			| .tools/bin/uv pip compile --quiet --no-deps --universal --python-version 3.11.5 --generate-hashes --no-annotate --no-header -; } \
			> $$file.new && mv $$file.new $$file; done
	@file=runtime/machine/requirements-gpu.txt; { grep '^#' $$file; grep -o '^vllm==[^ ]*' $$file \
		| .tools/bin/uv pip compile --quiet --only-binary :all: --python-platform x86_64-manylinux_2_34 --python-version 3.12 \
			--generate-hashes --no-annotate --no-header -; } > $$file.new && mv $$file.new $$file
	@rm -rf build/gpu-engine && grep -oE '^(transformers|vllm)==[^ ]*' runtime/machine/requirements-gpu.txt \
		| .tools/bin/uv pip install --quiet --no-deps --target build/gpu-engine --only-binary :all: \
			--python-platform x86_64-manylinux_2_34 --python-version 3.12 --requirement -
	@PYTHONPATH=build/gpu-engine .venv-engine/bin/python -m ops.maintain.engine_registry

.PHONY: clean
clean: ## Remove everything that was installed or made here
	@rm -rf .venv .venv-* .tools node_modules cdktf.out build

##@ Measure
.PHONY: bench-synth
bench-synth: $(APP) ## Time the synthesis, with and without the fast import of the provider
	@.venv/bin/python -m ops.bench.synth $(ARGS)

.PHONY: bench-gateway
bench-gateway: $(ENGINE) ## Compare the gateway with nginx and LiteLLM
	@.venv-engine/bin/python -m ops.bench.gateway $(ARGS)

.PHONY: soak
soak: $(ENGINE) ## Load the gateway for 15 minutes while its engine fails: ARGS="--seconds 60 --rate 100"
	@.venv-engine/bin/python -m ops.soak $(ARGS)

# Set-up. A stamp is written last, so that what was interrupted is done again.
BEGAN := $(shell date +%s)

$(TOOLS): ops/maintain/requirements-tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "error: Python 3.11, 3.12 or 3.13 is needed, %s is %s; call make PYTHON=..." % (sys.executable, sys.version.split()[0]))'
	@echo "set-up: uv and pipenv (10 to 30 s)"
	@$(PYTHON) -m venv --clear .tools || { echo "error: $(PYTHON) made no virtual environment; where it has no venv module, on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@.tools/bin/pip install --quiet --requirement $< || { echo "error: uv and pipenv could not be installed: is PyPI within reach? the same command tries again" >&2; exit 1; }
	@touch $@

$(APP): Pipfile.lock constructs/pyproject.toml | $(TOOLS)
	@.tools/bin/python -m ops.maintain.install app
	@touch $@

$(DEV): $(APP)
	@.tools/bin/python -m ops.maintain.install dev
	@touch $@

.PHONY: supported-machine
supported-machine:
	@$(PYTHON) -c 'import platform, sys; here = (platform.system(), platform.machine()); sys.exit(here not in (("Linux", "x86_64"), ("Linux", "aarch64")) and "error: the local engine needs Linux on x86_64 or aarch64, this is %s on %s" % here)'

$(ENGINE): runtime/requirements-cpu.txt ops/maintain/install.py | supported-machine $(TOOLS)
	@.tools/bin/python -m ops.maintain.install engine
	@touch $@

$(CHECKOV): ops/maintain/requirements-checkov.txt | $(TOOLS)
	@.tools/bin/python -m ops.maintain.install checkov
	@touch $@

$(NODE_MODULES): package-lock.json | $(APP)
	@echo "set-up: node modules"
	@.venv/bin/npm ci --silent
	@touch $@
