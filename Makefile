# contado: ten verbs. Each one sets up what it needs; nothing is done by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
DEMO ?= demo
# Chromium, PostgreSQL and the like are installed by .ci/run; tests that need them skip with a reason.
export NUMBA_CACHE_DIR ?= $(CURDIR)/.numba_cache

.PHONY: demo test test-all acceptance check bench docs serve clean

# uv is tried first (seconds instead of minutes), plain pip does where it cannot be had.
define install
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@( $(BIN)/pip install --quiet uv && $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -e '.[$(1)]' ) \
	  || $(BIN)/pip install --quiet -e '.[$(1)]'
	touch $@
endef
BUILT_FROM := pyproject.toml hatch_build.py $(wildcard frontend/*)

$(VENV)/.all: $(BUILT_FROM)
	$(call install,all)

$(VENV)/.dev: $(BUILT_FROM)
	$(call install,dev)
	touch $(VENV)/.all

demo: $(VENV)/.all  ## build the demonstration workspace, print its summary, serve it (SERVE=0: stop after the summary)
	$(BIN)/contado demo $(DEMO)
ifneq ($(SERVE),0)
	$(BIN)/contado serve -w $(DEMO)
endif

check: $(VENV)/.dev  ## every static check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check  ## static checks and the tests (under 10 minutes on 2 cores)
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

test-all: check  ## also the slow suites
	$(BIN)/pytest -n 2 --dist loadfile

acceptance: $(VENV)/.dev  ## the definitions of done as a table: item, figure, goal, holds
	$(BIN)/pytest -q -n 2 --dist loadfile tests/acceptance --acceptance-table

bench: $(VENV)/.dev  ## contado beside its peers, ratios; AGAINST=FILE: fail where one fell by more than a fifth
	mkdir -p benchmarks/results/local
	$(BIN)/contado bench all --out benchmarks/results/local/bench.json $(if $(AGAINST),--against $(AGAINST))

docs: $(VENV)/.dev  ## rewrite the reference pages and test the examples
	$(BIN)/python docs/make_reference.py
	$(BIN)/pytest -q tests/docs

serve: $(VENV)/.all
	$(BIN)/contado serve -w $(DEMO)

clean:
	rm -rf $(VENV) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .numba_cache .hypothesis build dist src/contado/web/static/vendor
