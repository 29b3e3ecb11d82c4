# One command per purpose; each does its own set-up first (deploy/setup), which costs nothing when done.

# The first Python that is new enough; a working .venv wins. `make PYTHON=/path/to/python3.12 run` decides otherwise.
PYTHON ?= $(shell for p in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
SETUP = $(or $(PYTHON),python3) -m deploy.setup

DEMO ?= 1
RATE ?= 2
FAULTS ?= 20
UPDATES ?= 5000
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help run test test-stack faults bench simulate screenshots format check lock

help:
	@echo 'make run         install everything and start the stack with demo data (DEMO=0: without)'
	@echo 'make simulate    play insurers, garages and appraisers against it (RATE= updates a second)'
	@echo 'make test        all checks and tests on the embedded engines'
	@echo 'make test-stack  the same behaviour on Kafka, PostgreSQL and S3 (STACK_REQUIRED=1: fail without them)'
	@echo 'make faults      break everything under load and count what is left (FAULTS= UPDATES= SEED=)'
	@echo 'make bench       benchmarks against bare baselines (WRITE=1: into docs/performance.md)'
	@echo 'make screenshots every page x language x size x theme, pictured and checked (PAGES= LANGS= URL= narrow it)'
	@echo 'make check       the fast static checks alone;   make format   format the code'
	@echo 'make lock        pin the newest allowed packages in the lock files'

run:
	@$(SETUP) run && exec .venv/bin/dossier run $(if $(filter 0 no false,$(DEMO)),--no-demo,--demo)

simulate:
	@$(SETUP) run && exec .venv/bin/dossier simulate --rate $(RATE)

test:
	@$(SETUP) test && exec .venv/bin/python -m deploy.checks --tests

test-stack:
	@$(SETUP) test && exec .venv/bin/python -m tests.stack

faults:
	@$(SETUP) check && exec .venv/bin/python -m tests.faults --faults $(FAULTS) --updates $(UPDATES) --seed $(SEED)

bench:
	@$(SETUP) check && exec .venv/bin/python -m tests.performance $(if $(WRITE),--write)

screenshots:
	@$(SETUP) test && exec .venv/bin/python -m tests.visual --pages '$(PAGES)' --languages '$(LANGS)' --url '$(URL)'

check:
	@$(SETUP) check && exec .venv/bin/python -m deploy.checks

format:
	@$(SETUP) check && .venv/bin/ruff check --quiet --fix-only . && exec .venv/bin/ruff format .

lock:
	@$(SETUP) check && exec .venv/bin/python -m deploy.checks.lock
