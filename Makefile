# Needs python3 >= 3.11 with venv, and make. Everything else is installed into .venv.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PEERS := $(VENV)/peers
SOURCES := pyproject.toml requirements/constraints.txt \
	$(shell find eventsys/assets -name node_modules -prune -o -type f -print) \
	$(shell find eventsys/translations -name '*.po' 2>/dev/null)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test soak bench screenshots check assets translations lock chromium clean

help:
	@echo "make run          set up, load the demonstration district, serve http://127.0.0.1:$(PORT) (PORT=, LAN=1)"
	@echo "make test         set up and run every test, on SQLite, PostgreSQL and in Chromium"
	@echo "make soak         the race of docs/operations.md at full size, on SQLite and PostgreSQL"
	@echo "make bench        rates as ratios of a bare page and bare writes on the same machine and run"
	@echo "make screenshots  pictures of every page, phone and desktop, Chinese and English"
	@echo "make check        lint, types, imports, templates"
	@echo "make assets       build the front end and the translations again"
	@echo "make translations collect the texts of code and templates into the catalogues"
	@echo "make lock         renew requirements/ from pyproject.toml"
	@echo "make clean        remove what was built (the data in instance/ stays)"

run: $(VENV)/.installed
	@exec $(BIN)/eventsys run --demo --port $(PORT) $(if $(filter-out 0,$(LAN)),--lan)

test: $(VENV)/.dev $(PEERS)/.installed chromium
	$(BIN)/pytest -n 2

soak: $(VENV)/.dev
	EVENTSYS_SOAK=1 $(BIN)/pytest -m soak -s

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run

screenshots: $(VENV)/.dev chromium
	$(BIN)/python -m tests.browser.screenshots

check: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet

assets: $(VENV)/.dev
	$(BIN)/python eventsys/assets/hatch_build.py --force

translations: $(VENV)/.dev
	$(BIN)/pybabel -q extract -F babel.cfg --ignore-dirs '.*' -k _l -k N_ -k lazy_gettext --no-location \
		--sort-output --omit-header --project eventsys -o $(VENV)/messages.pot .
	$(BIN)/pybabel -q update -i $(VENV)/messages.pot -d eventsys/translations --no-fuzzy-matching --omit-header \
		--width 120 --ignore-obsolete

lock: $(VENV)/.dev
	$(BIN)/pip install -q uv
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --all-extras --upgrade \
		pyproject.toml -o requirements/constraints.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --generate-hashes \
		-c requirements/constraints.txt pyproject.toml -o requirements/prod.txt

chromium:
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get; then apt-get -qq update && apt-get -qq install -y chromium fonts-noto-cjk; \
	else echo "No Chromium: install the packages chromium and fonts-noto-cjk; browser tests are skipped."; fi

clean:
	rm -rf $(VENV) build dist eventsys/static/dist eventsys/assets/node_modules screenshots .pytest_cache .mypy_cache \
		.ruff_cache .import_linter_cache .hypothesis
	find eventsys -name '*.mo' -delete
	find eventsys tests migrations -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11) and "python3 >= 3.11 is needed")'
	$(PYTHON) -m venv $(VENV)

# An editable install; the build hook makes the front end and the translations.
$(VENV)/.installed: $(BIN)/python $(SOURCES)
	@echo "Installing into $(VENV) and building the front end: two or three minutes the first time."
	$(BIN)/pip install -q -c requirements/constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(BIN)/python $(SOURCES)
	@echo "Installing into $(VENV) with the tools for tests: some minutes the first time."
	$(BIN)/pip install -q -c requirements/constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed

# Calendar clients of others, to try our feeds with; apart, for their requirements are not ours.
$(PEERS)/.installed: $(VENV)/.dev tests/peers/requirements.txt tests/peers/package-lock.json
	rm -rf $(PEERS)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install -q -r tests/peers/requirements.txt
	cp tests/peers/package.json tests/peers/package-lock.json tests/peers/.npmrc $(PEERS)
	PATH="$(abspath $(BIN)):$$PATH" npm ci --silent --prefix $(PEERS)
	@touch $@
