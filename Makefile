# Two commands do everything on a machine with python3, make and git: `make demo` and `make test`.
PYTHON ?= python3
UV     := .uv/bin/uv
BIN    := .venv/bin
STAMP  := .venv/.installed

.PHONY: demo test lint types lock bench clean

demo: $(STAMP)  ## the whole chain on a simulated sky, into demo/
	$(BIN)/galaxycurate demo

test: $(STAMP)  ## every test; those of the real data say "skipped" where it is absent
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

bench: $(STAMP)  ## ratios against the peers, into benchmarks/results/
	$(BIN)/python -m benchmarks

lock: $(UV)  ## pin the versions anew (the lock holds no URLs)
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --upgrade -q -o requirements.lock

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

$(STAMP): requirements.lock pyproject.toml | $(UV)
	test -d .venv || $(UV) venv --quiet --python $(PYTHON) .venv
	VIRTUAL_ENV=.venv $(UV) pip sync --quiet requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --editable .
	touch $@

clean:  ## what the demo and the tests left; the environment stays
	rm -rf demo demo-real .pytest_cache .ruff_cache .mypy_cache
