# Two commands do everything on a machine with python3, make and git: `make demo` and `make test`.
PYTHON ?= python3
UV     := .uv/bin/uv
BIN    := .venv/bin
STAMP  := .venv/.installed
OTHERS := .consumers/.installed

.PHONY: demo test lint types docs notebooks man consumers lock bench clean

demo: $(STAMP)  ## the whole chain on a simulated sky, into demo/
	$(BIN)/galaxycurate demo

test: $(STAMP)  ## every test; those of the real data say "skipped" where it is absent
	@$(MAKE) --no-print-directory consumers || echo "their tests are skipped: make consumers says why" >&2
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

docs: $(STAMP)  ## the site, strictly, into site/; nothing is fetched
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

notebooks: $(STAMP)  ## run the notebooks anew, with their pictures
	$(BIN)/python docs/_make/rerun.py

man: $(STAMP)  ## the manual page from the commands, whom to cite from the list of reports
	$(BIN)/galaxycurate man > docs/galaxycurate.1
	$(BIN)/python docs/_make/papers.py > docs/acknowledgements.md

consumers: $(OTHERS)  ## Zoobot and the Panoptes command line, which open what is exported

bench: $(STAMP)  ## ratios against the peers, into benchmarks/results/
	$(BIN)/python -m benchmarks

lock: $(UV)  ## pin the versions anew (the lock holds no URLs)
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --upgrade -q -o requirements.lock
	grep -E '^(torch|torchvision)==' requirements.lock > .uv/torch.txt  # the same: it has gigabytes
	$(UV) pip compile --group consumers --constraint .uv/torch.txt --universal --python-version 3.11 \
	  --no-emit-index-url --no-header --no-annotate -q -o consumers.lock

$(UV):
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv

$(STAMP): requirements.lock pyproject.toml | $(UV)
	test -d .venv || $(UV) venv --quiet --python $(PYTHON) .venv
	VIRTUAL_ENV=.venv $(UV) pip sync --quiet requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --editable .
	touch $@

$(OTHERS): consumers.lock | $(UV)
	test -d .consumers || $(UV) venv --quiet --python $(PYTHON) .consumers
	VIRTUAL_ENV=.consumers $(UV) pip sync --quiet consumers.lock
	touch $@

clean:  ## what the demo and the tests left; the environment stays
	rm -rf demo demo-real site .pytest_cache .ruff_cache .mypy_cache
