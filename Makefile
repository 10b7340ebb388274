# Quarterdeck: build, try, test. `make help` lists what there is.
#
# Everything works on a fresh Debian (12 or newer) with Rust 1.95 or newer: what else is needed is
# installed from Debian's packages on first use, as root or through sudo. On other systems
# install the programs yourself; nothing is installed when it is there already.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.NOTPARALLEL:

CARGO ?= cargo

# `make run PROFILE=release` builds the fast binary, which takes about twice as long to compile.
PROFILE ?= dev

# Where `make run` listens and what it keeps its data in. The directory is emptied at each start.
LISTEN ?= 127.0.0.1:8080
DEMO_DIR ?= .demo

# Which stories `make simulate` tells.
SEEDS ?= 0..100

# How many incidents `make test` simulates, and from which seed on a night tells its million.
SIM_INCIDENTS ?= 20000
NIGHT ?= 100000

# How many mutations `make fuzz` tries, and with which the row begins: take another each time.
FUZZ ?= 100000
FUZZ_SEED ?= 1000

# How often `make torture` kills the server on each database.
ROUNDS ?= 200

# With which random cases `make test` tries the properties: the same for everybody, so that a commit
# that is green stays green. `make properties` tries others, TIMES times from SEED on.
export PROPTEST_RNG_SEED ?= 20
SEED ?= 1000
TIMES ?= 20

# What compiling needs: a C compiler and linker for SQLite, libpq and the TLS library, and the
# headers of OpenSSL, which libpq uses.
PACKAGES_BUILD := gcc libc6-dev make perl pkg-config libssl-dev ca-certificates

# What the tests need: real databases, monitors, a browser, a mail server and independent parsers.
PACKAGES_TEST := postgresql prometheus prometheus-alertmanager \
	chromium chromium-driver fonts-dejavu-core \
	python3 python3-venv python3-aiosmtpd python3-dateutil python3-icalendar python3-yaml cmark swaks libnet-ssleay-perl \
	nagios4-core monit

# Clients of vendors, from PyPI and npm, which the tests let talk to the server.
CLIENTS := .clients
CLIENTS_NODE := opsgenie-sdk@0.5.1

# Installs those of the packages $(1) that are missing. npm counts as present however it came.
define install
	@if command -v dpkg-query >/dev/null 2>&1; then \
		missing=; \
		for package in $(1); do \
			dpkg-query --show --showformat '$${db:Status-Abbrev}' "$$package" 2>/dev/null \
				| grep -q '^ii' || missing="$$missing $$package"; \
		done; \
		command -v npm >/dev/null 2>&1 || missing="$$missing nodejs npm"; \
		if [ -n "$$missing" ]; then \
			echo "Installing from Debian:$$missing"; \
			as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
			$$as_root apt-get update -q && \
			$$as_root env DEBIAN_FRONTEND=noninteractive \
				apt-get install -q -y --no-install-recommends $$missing </dev/null; \
		fi; \
	else \
		echo "Not a Debian system; these are needed: npm $(1)"; \
	fi
endef

.PHONY: help
help: ## Show this list
	@echo "Usage: make TARGET [VARIABLE=value]"
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r target what; do printf '  %-14s %s\n' "$$target" "$$what"; done

.PHONY: run
run: deps-run ## Build and start a demo on http://127.0.0.1:8080 (LISTEN, PROFILE=release)
	rm -rf $(DEMO_DIR)
	$(CARGO) run --locked --profile $(PROFILE) --package quarterdeck -- \
		serve --demo --listen $(LISTEN) --data-dir $(DEMO_DIR)

.PHONY: test
test: deps-test lint ## Check the style and run every test (some minutes)
	$(CARGO) test --locked --workspace --exclude sim
	SIM_INCIDENTS=$(SIM_INCIDENTS) $(CARGO) test --locked --profile simulate --package sim

.PHONY: lint
lint: deps-run ## Check formatting and lints only
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

.PHONY: bench
bench: deps-test ## Measure ingest, paging, memory and start against their targets (ONLY=ingest)
	BENCH_ONLY=$(ONLY) $(CARGO) test --locked --release --package quarterdeck --test bench -- \
		--ignored --nocapture --test-threads=1
	$(CARGO) test --locked --release --package domain --package web --lib -- \
		--ignored --nocapture --test-threads=1 speed

.PHONY: torture
torture: deps-test ## Kill the server ROUNDS times on each database while it works
	TORTURE_ROUNDS=$(ROUNDS) $(CARGO) test --locked --package quarterdeck --test it -- \
		--nocapture --test-threads=1 crash

.PHONY: fuzz
fuzz: deps-run ## Let every reader of the formats read FUZZ mutations of what was ever sent (FUZZ_SEED)
	FORMATS_FUZZ=$(FUZZ) FORMATS_FUZZ_SEED=$(FUZZ_SEED) \
		$(CARGO) test --locked --profile simulate --package formats --test it -- --nocapture fuzz

.PHONY: properties
properties: deps-test ## Try every property with other random cases (SEED, TIMES)
	for seed in $$(seq $(SEED) $$(($(SEED) + $(TIMES) - 1))); do \
		echo "PROPTEST_RNG_SEED=$$seed"; \
		export PROPTEST_RNG_SEED=$$seed; \
		$(CARGO) test --locked --profile simulate --lib --package domain --package formats \
			--package channels --package engine --package web && \
		$(CARGO) test --locked --profile simulate --package formats --test it || exit 1; \
	done

.PHONY: simulate
simulate: deps-run ## Tell simulated stories and watch every promise (SEEDS=100..200)
	$(CARGO) run --locked --release --package sim -- --seeds $(SEEDS)

.PHONY: simulate-night
simulate-night: deps-run ## Tell at least a million simulated incidents, from seed NIGHT on
	$(CARGO) run --locked --release --package sim -- \
		--seeds $(NIGHT)..$$(($(NIGHT) + 1000000)) --until 1000000 --keep-going --progress 100

.PHONY: screenshots
screenshots: deps-test ## Let the browser take the pictures of docs/screenshots
	SCREENSHOTS="$(CURDIR)/docs/screenshots" \
		$(CARGO) test --locked --package quarterdeck --test it -- --nocapture screenshots

.PHONY: deps
deps: deps-run deps-test ## Install what building and testing need, where it is missing

.PHONY: deps-run
deps-run: rust ## Install what `make run` needs
	$(call install,$(PACKAGES_BUILD))

.PHONY: deps-test
deps-test: rust ## Install what `make test` needs (Debian may start its services; tests do not use them)
	$(call install,$(PACKAGES_BUILD) $(PACKAGES_TEST))
	@$(MAKE) --no-print-directory $(CLIENTS)/installed

$(CLIENTS)/installed: crates/quarterdeck/tests/clients/requirements.txt
	rm -rf $(CLIENTS)
	python3 -m venv $(CLIENTS)/python
	$(CLIENTS)/python/bin/pip install --quiet --disable-pip-version-check --requirement $<
	npm install --silent --no-audit --no-fund --prefix $(CLIENTS)/node $(CLIENTS_NODE)
	touch $@

.PHONY: rust
rust:
	@command -v $(CARGO) >/dev/null 2>&1 || { \
		echo "Rust 1.95 or newer is needed: https://rustup.rs shows how to install it." >&2; \
		exit 1; \
	}

.PHONY: clean
clean: ## Remove everything that was built, fetched or tried out here
	$(CARGO) clean
	rm -rf $(DEMO_DIR) $(CLIENTS) static/node_modules
