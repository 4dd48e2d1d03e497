# SPDX-License-Identifier: Apache-2.0
# The front door: `make help`. The build itself is described in CMakeLists.txt and CMakePresets.json.

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 60
export DESTDIR FUZZ_SECONDS JOBS

BUILD = scripts/build

.DEFAULT_GOAL := release
.PHONY: release demo demo-ensemble test asan tsan fuzz nightly bench fmt lint install clean help setup

release: ## build build/release: bin/zobo, bin/zobo-bench, lib/libzobo.so, lib/libzobo.a (the default)
	@scripts/setup build
	@$(BUILD) release

demo: ## show what zobo does, on a server of its own
	@scripts/setup build
	@$(BUILD) release
	@scripts/demo

demo-ensemble: ## the same on three Apache ZooKeeper servers
	@scripts/setup build demo
	@$(BUILD) release
	@scripts/demo --ensemble

test: ## build with gcc and run every test
	@scripts/setup build test
	@$(BUILD) dev
	@scripts/run-tests dev

asan: ## run every test under the address, undefined-behaviour and leak sanitizers
	@scripts/setup build test
	@$(BUILD) asan
	@scripts/run-tests asan

tsan: ## run every test under the thread sanitizer
	@scripts/setup build test
	@$(BUILD) tsan
	@scripts/run-tests tsan

fuzz: ## run each fuzz target for FUZZ_SECONDS (60)
	@scripts/setup build fuzz
	@$(BUILD) fuzz
	@scripts/fuzz

nightly: ## long soaks: fuzzing (1800 s a target), every test under the sanitizers, the stress test (an hour), racy tests over and over
	@scripts/nightly

bench: ## measure, beside a bare socket, Apache's C client and server, and kazoo
	@scripts/setup build bench
	@$(BUILD) release
	@scripts/bench
	@scripts/bench-server
	@scripts/bench-recipes
	@scripts/bench-export

lint: ## layout, static analysis, shell scripts, and a clang build without warnings
	@scripts/setup build lint
	@scripts/lint

fmt: ## lay out every C file as .clang-format says
	@scripts/setup lint
	@scripts/lint --fix

install: ## install to PREFIX (/usr/local), below DESTDIR
	@scripts/setup build
	@$(BUILD) release -DCMAKE_INSTALL_PREFIX='$(PREFIX)'
	@cmake --install build/release
	@if [ -z "$$DESTDIR" ] && [ "$$(id -u)" = 0 ]; then ldconfig; fi

clean: ## remove build/
	rm -rf build

setup: ## install all that any target needs
	@scripts/setup build demo test lint fuzz bench

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
