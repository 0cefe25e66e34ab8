# Every goal is a script; `make help` lists them. PG_CONFIG=… chooses a server other than the default.
SHELL := /bin/bash
export LLMSPELL_T0 := $(shell date +%s)
.DEFAULT_GOAL := help

help:           ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | column -t -s "$$(printf '\t')"

demo: build     ## the demo on this repository's own history, on a throw-away server
	@scripts/clients-setup
	@scripts/models-setup
	@scripts/cluster with demo demo/run
test: build     ## all tests, each load or crash test for some seconds
	@tests/run
test-vchord: build ## the tests of VectorChord's indexes, skipped where the server has none
	@tests/run vchord
soak: build     ## all tests with their full loads, and every bench once
	@SOAK=1 tests/run
bench: build    ## ratios against the guide's schema, written to docs/performance.md
	@scripts/clients-setup
	@bench/run
setup:          ## get what the machine lacks
	@scripts/setup
build: setup    ## build, and publish into the staging folder
	@scripts/build
install: build  ## copy the extension into the server of PG_CONFIG=…
	@scripts/install
uninstall:      ## remove it from the server of PG_CONFIG=…
	@scripts/install remove
dev: build      ## a scratch server that stays, with the extension in database llmspell
	@scripts/dev start
dev-env:        ## its connection as superuser, for eval
	@scripts/dev env
dev-stop:       ## stop and remove it
	@scripts/dev stop
lint: setup     ## rustfmt, clippy, pyflakes, checks of SQL and scripts
	@scripts/lint
pgrx-test: build    ## cargo pgrx test pg18
	@scripts/pgrx test
pgrx-regress: build ## cargo pgrx regress pg18
	@scripts/pgrx regress
clean:          ## stop what runs, remove what was built
	@scripts/clean

.PHONY: help demo test test-vchord soak bench setup build install uninstall dev dev-env dev-stop lint pgrx-test pgrx-regress clean
