# `make demo` and `make test` are all the set-up there is: Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lab words coverage constraints benchmarks clean programs

# The whole story on a sandbox portal: plan, rehearse, apply, prove, undo.
demo: $(STAMP)
	$(BIN)/b24kit demo

# JupyterLab on the tour, with a sandbox portal beside it.
lab: $(STAMP)
	$(BIN)/b24kit notebook lab

# Every check and every test; three at a time on two processors, since many wait for kernels, brokers and browsers.
test: $(STAMP) programs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 3 --dist worksteal

$(STAMP): pyproject.toml .ci/constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "b24kit needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt --editable '.[notebook,dev]'
	touch $(STAMP)

# What tests of pages, workbooks and queues need; without root it is named instead of installed.
programs:
	@if ! { command -v chromium && command -v chromedriver && command -v soffice && [ -x /usr/sbin/rabbitmq-server ]; } \
			>/dev/null 2>&1; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				chromium chromium-driver libreoffice-calc poppler-utils fonts-dejavu rabbitmq-server >/dev/null; \
		else \
			echo "Tests of pages, workbooks and queues will be skipped: install chromium, chromium-driver," \
				"libreoffice-calc, rabbitmq-server."; \
		fi; \
	fi

# The generated table of what the sandbox answers.
coverage: $(STAMP)
	$(BIN)/b24kit sandbox coverage > .github/COVERAGE.md

# Compile the Russian texts.
words: $(STAMP)
	$(BIN)/python -m babel.messages.frontend compile -D b24kit -d toolkit/locale

# Pin what is installed now.
constraints: $(STAMP)
	( echo "# Versions the project is built and tested with; regenerate with: make constraints"; \
	  $(BIN)/python -m pip freeze --exclude-editable ) > .ci/constraints.txt

# Every figure of the README, one script after another; takes a while.
benchmarks: $(STAMP)
	for script in tests/benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) build dist .demo
