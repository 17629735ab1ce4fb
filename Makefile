# One entry point for everything; `make help` lists it.
SHELL := /bin/bash
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bellwether
IMAGE ?= $(shell cat IMAGE)

# Node >= 24: the machine's own, or one from npm kept in the project's cache.
NODE_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
NODE_PREFIX := $(CACHE)/node-24/node_modules/node-linux-$(NODE_ARCH)
ifneq ($(shell node -p 'process.versions.node.split(".")[0] >= 24' 2>/dev/null),true)
  NODE_NEEDED := $(NODE_PREFIX)/bin/node
  export PATH := $(NODE_PREFIX)/bin:$(PATH)
  # Headers for the one native module (raw-socket): of the Node that runs it.
  export npm_config_nodedir := $(NODE_PREFIX)
endif

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(NODE_PREFIX)/bin/node:
	@echo "fetching Node 24 from npm into $(CACHE) (this machine has $$(node -v 2>/dev/null || echo none))"
	@mkdir -p $(CACHE)/node-24
	@npm install --prefix $(CACHE)/node-24 --no-save --no-audit --no-fund --loglevel=error node-linux-$(NODE_ARCH)@24

node_modules/.installed: package.json package-lock.json $(NODE_NEEDED)
	@echo "installing dependencies"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: deps
deps: node_modules/.installed

.PHONY: check
check: deps ## format, lint and types
	@npx prettier --check . >/dev/null || { npx prettier --list-different .; echo "run: make format"; exit 1; }
	@npx tsc -p src/core && npx tsc -p .
	@npx eslint .

.PHONY: format
format: deps ## format the tree
	@npx prettier --write . >/dev/null

.PHONY: unit
unit: deps ## unit and property tests only (no root needed)
	@node test/run.ts unit

.PHONY: test
test: check ## everything: checks, unit, contract, sockets in namespaces, end to end on the lab
	@node test/run.ts

.PHONY: crds
crds: deps ## write crds/ from the schemas
	@node src/core/config/generate-crds.ts
