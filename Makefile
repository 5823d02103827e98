# SPDX-License-Identifier: MIT
# Behind these targets: Meson builds, tools/ holds the scripts. A fresh machine needs make only.
SHELL := /bin/bash
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
LISTEN ?= 127.0.0.1:4566
DATA ?= data
SEEDS ?= 1-10000
TIME ?= 60
SUITE ?= bookworm
JOBS ?= 2
# Two at a time; the tests of one file run in their order in one process.
PYTEST := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pytest -q -n $(JOBS) --dist loadfile
QUICK_TESTS := $(addprefix tests/,doc server cli tidy sqs/test_smoke.py sqs/test_messages.py \
	sqs/test_fifo.py) -m 'not slow and not long'
SERVER_TESTS := $(addprefix tests/,sqs sns events scheduler pipes logs cloudwatch alarms ce \
	audit iam kms server robust) \
	-m 'not slow and not long'
# gcc warns wrongly of code that its sanitizers have changed.
SANITIZED := -Doptimization=1 -Dwerror=false

.PHONY: help run build test test-units test-fresh test-container test-clients check tidy format \
	asan tsan fuzz sim crash bench bench-steady bench-peers bench-fanout bench-deliveries \
	bench-match bench-quick gen install clean
.DEFAULT_GOAL := help

help: ## print these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 15

run: build ## install what is missing, build, serve on 127.0.0.1:4566 with data in ./data
	@exec $(BUILD)/ternd --greeting --listen $(LISTEN) --data $(DATA)

build: ## build/ternd and build/tern
	@tools/setup build
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD) >/dev/null
	@ninja -C $(BUILD)

test: test-units ## unit tests, then every test against a real server: Python and JavaScript
	@$(PYTEST) tests --ignore=tests/clients -m 'not long'

test-units: ## what the tests need, and the unit tests
	@tools/setup build test tidy
	@tools/unit $(BUILD)

test-fresh: ## the README's commands on a bare Debian 12 (SUITE=trixie: 13), as root
	@tools/fresh $(SUITE)

test-container: ## the container image, built and used with podman, as root
	@tools/container

test-clients: ## the AWS SDKs for Go and Java, the AWS CLI, Celery
	@tools/setup build test clients
	@$(MAKE) --no-print-directory build
	@$(PYTEST) tests/clients

check: ## tidy, then the fast half of the tests: about a minute after a build
	@tools/setup build test tidy
	@tools/tidy
	@tools/unit $(BUILD)
	@$(PYTEST) $(QUICK_TESTS)

tidy: ## style, layers, generated files, layout
	@tools/setup tidy
	@tools/tidy

format: ## settle the layout of C files
	@tools/setup tidy
	@git ls-files '*.c' '*.h' | grep -v '^src/api/' | xargs -r .venv/bin/clang-format -i

asan: ## unit tests and a sanitized server: AddressSanitizer, UndefinedBehaviorSanitizer
	@tools/setup build test
	@tools/unit build-asan -Db_sanitize=address,undefined $(SANITIZED)
	@TERN_BUILD=build-asan $(PYTEST) $(SERVER_TESTS)

tsan: ## the same under ThreadSanitizer, with several net threads
	@tools/setup build test
	@tools/unit build-tsan -Db_sanitize=thread $(SANITIZED)
	@TERN_BUILD=build-tsan TERN_TEST_FLAGS="--threads 3" $(PYTEST) $(SERVER_TESTS)

fuzz: ## every fuzzer for TIME=60 seconds (0: only replay the corpora)
	@tools/setup fuzz
	@tools/fuzz $(TIME)

sim: build ## the queue engine on a failing disk: SEEDS=1-10000
	@$(BUILD)/src/queue/sim --seeds $(SEEDS)

crash: ## a real server under load, killed a hundred times
	@tools/setup build test
	@$(MAKE) --no-print-directory build
	@$(PYTEST) tests -m long -n 0

bench: ## budgets, latency, threads, security beside nginx: eight minutes; writes doc/performance.md
	@tools/setup build test
	@bench/install quick
	@$(MAKE) --no-print-directory build
	@bench/run

bench-steady: ## ten minutes of load while a backlog grows; writes doc/performance.md
	@tools/setup build
	@bench/install quick
	@$(MAKE) --no-print-directory build
	@bench/run --steady

bench-peers: ## beside ElasticMQ, GoAWS, moto and brokers; writes doc/performance.md
	@tools/setup build bench
	@$(MAKE) --no-print-directory build
	@bench/run --peers

bench-fanout: ## topics and event buses, beside others; writes doc/performance.md
	@tools/setup build bench
	@$(MAKE) --no-print-directory build
	@bench/run --fanout

bench-deliveries: ## deliveries to HTTP endpoints; writes doc/performance.md
	@tools/setup build
	@bench/install quick
	@$(MAKE) --no-print-directory build
	@bench/run --deliveries

bench-match: ## matching beside event-ruler and quamina; writes doc/performance.md
	@tools/setup build bench
	@$(MAKE) --no-print-directory build
	@bench/run --matching

bench-quick: ## a smoke test of the benchmark: Tern and nginx, a second a load
	@tools/setup build
	@bench/install quick
	@$(MAKE) --no-print-directory build
	@bench/run --quick

gen: ## src/api and tables of doc/ from model/, doc/limits.md from the table of limits
	@python3 tools/gen.py

install: build ## into DESTDIR= PREFIX=
	@meson configure $(BUILD) --prefix $(PREFIX) --libdir lib
	@meson install -C $(BUILD) $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

clean: ## remove every build directory; data stays
	@rm -rf build build-asan build-tsan build-fuzz
