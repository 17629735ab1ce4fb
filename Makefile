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
  NODE_HOME := $(NODE_PREFIX)
else
  NODE_HOME := $(shell node -p 'path.resolve(process.execPath, "../..")')
endif
# Headers for the one native module (raw-socket): of the Node that runs it, whatever npm is set up for.
ifneq ($(NODE_NEEDED)$(wildcard $(NODE_HOME)/include/node/node.h),)
  export npm_config_nodedir := $(NODE_HOME)
endif

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# npm to start with, and a compiler for the one native module: Debian's, where the machine has none.
MISSING := $(strip $(foreach pair,npm:npm g++:g++ python3:python3 git:git,$(if $(shell command -v $(firstword $(subst :, ,$(pair)))),,$(lastword $(subst :, ,$(pair))))))

.PHONY: prerequisites
prerequisites:
ifneq ($(MISSING),)
	@[ $$(id -u) = 0 ] || { echo "missing: $(MISSING). Install them, or run make as root."; exit 1; }
	@echo "installing $(MISSING)"
	@apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(MISSING) >/dev/null
endif

$(NODE_PREFIX)/bin/node: | prerequisites
	@echo "fetching Node 24 from npm into $(CACHE) (this machine has $$(node -v 2>/dev/null || echo none))"
	@mkdir -p $(CACHE)/node-24
	@npm install --prefix $(CACHE)/node-24 --no-save --no-audit --no-fund --loglevel=error node-linux-$(NODE_ARCH)@24

node_modules/.installed: package.json package-lock.json $(NODE_NEEDED) | prerequisites
	@echo "installing dependencies"
	@npm ci --no-audit --no-fund --loglevel=error
	@node -e 'require("raw-socket")' || { echo "raw-socket was not built for $$(node -v): see above"; exit 1; }
	@touch $@

.PHONY: deps
deps: node_modules/.installed

.PHONY: check
check: deps ## format, lint and types
	@npx prettier --check . >/dev/null || { npx prettier --list-different .; echo "run: make format"; exit 1; }
	@npx tsc -p src/core && npx tsc -p src/page && npx tsc -p .
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

.PHONY: soak
soak: deps ## days of simulated loss and pauses, all seeds, 10 min of real loss, FUZZ_RUNS=100000 (root)
	@BELLWETHER_SOAK=1 FUZZ_RUNS='$(or $(FUZZ_RUNS),100000)' node test/run.ts soak

.PHONY: bench-arp
bench-arp: deps ## ARP beside the kernel's at 10, 1,000, 5,000 addresses, 20,000 requests a second (root)
	@node test/bench/arp-ratio.ts

.PHONY: bench
bench: bench-arp ## that, then on a lab: 1,000 and 5,000 Services, memory, a cut cable (root)
	@node test/bench/bench.ts

.PHONY: bench-failover
bench-failover: deps ## fail-over in six ways as a client sees it: RUNS=20 DETECTION=fast JSON=file (root)
	@node test/bench/failover.ts $(if $(RUNS),--runs '$(RUNS)') $(if $(DETECTION),--detection '$(DETECTION)') $(if $(JSON),--json '$(JSON)')

.PHONY: bench-sim
bench-sim: deps ## simulated: how soon a fault is noticed; what a second costs, and one member of it
	@node test/bench/sim-speed.ts && node test/bench/detection-time.ts

.PHONY: demo
demo: deps ## a real cluster, the tutorial, a cut cable; leaves the cluster up (root)
	@node test/lab/demo.ts

.PHONY: demo-down
demo-down: deps ## end the demo's cluster
	@node test/lab/cli.ts down

.PHONY: lab
lab: deps ## a three-node cluster to play with; LAB=prefix for one beside it (root)
	@node test/lab/cli.ts up

.PHONY: lab-down
lab-down: deps ## end it
	@node test/lab/cli.ts down

.PHONY: lab-exec
lab-exec: deps ## a command on one of its hosts: HOST=client CMD='curl …'
	@node test/lab/cli.ts exec '$(or $(HOST),client)' $(if $(CMD),"$$CMD",bash)

.PHONY: image
image: deps ## the image from the Dockerfile (root)
	@node test/lab/cli.ts image

.PHONY: push
push: deps ## the image to a registry of yours: IMAGE=registry.example.com/name:tag (root)
	@node test/lab/cli.ts push '$(IMAGE)'

.PHONY: bundle
bundle: deps ## what is in the image, in dist/: ARCH=arm64 for another processor
	@node tools/bundle.ts dist $(if $(ARCH),--arch '$(ARCH)')

.PHONY: sbom
sbom: bundle ## what it is made of, as CycloneDX
	@echo dist/sbom.json

.PHONY: licences
licences: bundle ## the licences of what it is made of
	@sed '/^───/,$$d' dist/THIRD-PARTY-LICENCES

.PHONY: crds
crds: deps ## write crds/, manifests/ and docs/crds.md from their sources
	@node tools/generate.ts

.PHONY: plugin
plugin: deps ## the kubectl plugin, and its package for npm, to dist/plugin
	@node tools/plugin.ts
