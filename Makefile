# GNU make and Python 3.11 or newer with venv; nothing else is wanted on the machine.
.DEFAULT_GOAL := help
# Packages are unpacked without byte code, which is then made once by the first start and kept.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
            $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT   ?= 8080
DATA   ?= ./data
SAMPLE ?= 1
WHEELS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cid/wheels
BIN    := .venv/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
LOCKED := --require-hashes --no-deps --only-binary :all:
OFFLINE = $(PIP) install --no-compile --no-index --find-links $(WHEELS) $(LOCKED) -r $(1)
# Offline from the wheel folder when that is complete; else fill it. pip's own cache is not relied on: some mirrors forbid it.
define packages
	@test -n "$(PYTHON)" || { echo "cid needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(BIN:/bin=)
	@mkdir -p $(WHEELS)
	@$(call OFFLINE,$(1)) 2>/dev/null || { echo "fetching the packages of $(1) (once)"; \
	  $(PIP) download --dest $(WHEELS) $(LOCKED) -r $(1) && $(call OFFLINE,$(1)); }
endef
define install
$(call packages,$(1))
	@$(PIP) install --no-deps --no-index --no-build-isolation --editable .
endef

.PHONY: help setup run test check fix bench bench-queue aimock wordpress fuzz chaos lock schema clean
help: ## what can be done here
	@echo "make run [PORT=8080 DATA=./data SAMPLE=1]   start the desk"
	@echo "make test | check | fix | bench | chaos     tests | format, lint, types, contracts | mend format | measure | kill and count"
	@echo "make aimock                                 a double of models' APIs by others, for the tests that want it (node)"
	@echo "make wordpress                              a real WordPress on loopback, to publish to (Debian's packages)"
	@echo "make fuzz [FUZZ=200]                        the API asked made-up things, FUZZ times at each address"
	@echo "make bench-queue [ARGS=--quick]             the queue beside two others on one Postgres (about 12 minutes)"
	@echo "make setup [EXTRAS=ml]                      development install; ml: what trains a classifier of narratives"
	@echo "make lock | schema | clean          new locks | sql/schema.sql anew | remove the environments"

# A stamp per lock: a changed lock installs again, an interrupted install leaves none.
.venv/run.stamp: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@
.venv/dev.stamp: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch .venv/run.stamp $@
# What trains a classifier of narratives; the development environment holds it anyhow, because its tests do.
.venv/ml.stamp: requirements-ml.lock .venv/run.stamp
	$(call packages,requirements-ml.lock)
	@touch $@
MORE := $(if $(filter ml,$(EXTRAS)),.venv/ml.stamp)
setup: .venv/dev.stamp $(MORE)
# exec: without it a shell stands between, and SIGTERM to make leaves the desk running.
run: .venv/run.stamp $(MORE)
	@exec $(BIN)/cid up --port $(PORT) --data $(DATA) $(if $(filter 0,$(SAMPLE)),--no-sample,--sample)
test: .venv/dev.stamp
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile
check: .venv/dev.stamp
	@exec $(BIN)/python -m tests.check
fix: .venv/dev.stamp
	@$(BIN)/ruff check --fix --quiet . ; exec $(BIN)/ruff format --quiet .
bench: .venv/dev.stamp
	@exec $(BIN)/python -m bench
# The others have an environment of their own: nothing of theirs gets into ours.
.venv-bench/bench.stamp: BIN := .venv-bench/bin
.venv-bench/bench.stamp: requirements-bench.lock
	$(call packages,requirements-bench.lock)
	@touch $@
bench-queue: .venv/dev.stamp .venv-bench/bench.stamp
	@exec $(BIN)/python -m bench.queue $(ARGS)
# A double of models' APIs that others wrote, pinned by its hash; nothing of it runs while it is installed.
aimock:
	@command -v npm >/dev/null || { echo "this wants node 20.15 or newer with npm (Debian: apt-get install nodejs npm)"; exit 1; }
	@npm ci --prefix tests/aimock --ignore-scripts --no-audit --no-fund --loglevel=error
wordpress: .venv/dev.stamp
	@exec $(BIN)/python -m tests.wordpress.site
FUZZ ?= 200
fuzz: .venv/dev.stamp
	@FUZZ=$(FUZZ) exec $(BIN)/python -m pytest tests/contracts/test_api_schema.py -q -s -p no:xdist
chaos: .venv/dev.stamp
	@exec $(BIN)/python -m tests.chaos
schema: .venv/dev.stamp
	@exec $(BIN)/cid migrate --dump sql/schema.sql
clean:
	@rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .import_linter_cache tests/aimock/node_modules
# Hashes of every platform's wheels, no addresses; --universal adds the markers of other systems and Pythons.
UV := uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --quiet
lock:
	$(UV) pyproject.toml --extra pdf --group build -o requirements.lock
	$(UV) pyproject.toml --extra pdf --extra ml --group build --group dev -c requirements.lock -o requirements-dev.lock
	$(UV) pyproject.toml --extra ml --group build -c requirements-dev.lock -o requirements-ml.lock
	$(UV) --group bench -c requirements-dev.lock -o requirements-bench.lock
	@! grep -nE '://|--(index|extra|find|trusted)' requirements.lock requirements-dev.lock requirements-ml.lock requirements-bench.lock
