# `make demo` and `make test` set up all they need; nothing else has to be installed first but
# Python 3.11 or later.

PYTHON ?= python3
RUN := .venvs/demo
DEV := .venvs/test
BIN := $(DEV)/bin
JOBS ?= auto

.PHONY: help demo test proof lint format docs picture bench lock clean

help:  ## Lists the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo: $(RUN)/.ready  ## Answers a real chat note with the embedded local model
	@$(RUN)/bin/python sample_vault/demo.py

test: $(DEV)/.ready tools  ## Runs the whole suite
	@$(BIN)/notelog model install --yes
	$(BIN)/pytest -n $(JOBS)

proof: $(DEV)/.ready tools  ## Breaks notelog at every system call, and counts what is lost (0); takes an hour
	@$(BIN)/notelog model install --yes
	NOTELOG_PROOF=full $(BIN)/pytest -n $(JOBS) tests/faults tests/e2e/test_watch*.py tests/unit/test_watch*.py tests/property/test_watch*.py

lint: $(DEV)/.ready  ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

format: $(DEV)/.ready  ## Formats the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV)/.ready  ## Renews the parts of the documentation that the program prints
	$(BIN)/python tests/support/renew_docs.py

picture: $(DEV)/.ready  ## Records the terminal of the README anew; needs tmux
	$(BIN)/python docs/pictures/record.py

bench: $(DEV)/.ready  ## Prints ratios side by side
	@for script in bench/bench_*.py; do $(BIN)/python $$script || exit 1; done

lock:  ## Renews the pinned requirements (needs uv)
	uv pip compile pyproject.toml --extra local --group build $(LOCK) -o requirements/run.txt
	uv pip compile pyproject.toml --extra local --group build --group lint --group test $(LOCK) -o requirements/dev.txt

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade --quiet

clean:  ## Removes what the other targets made
	rm -rf .venvs .cache build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# What breaks system calls, mounts small disks, checks services, and edits and syncs notes in the
# tests. Where it cannot be had, those tests say that they were not run.
TOOLS := strace util-linux systemd vim nano rsync git syncthing faketime
COMMANDS := strace nsenter systemd-analyze vim nano rsync git syncthing faketime
proof: TOOLS += neovim emacs-nox
proof: COMMANDS += nvim emacs
APT := DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends

.PHONY: tools
tools:
	@missing() { for name in $(COMMANDS); do command -v $$name >/dev/null || echo $$name; done; }; \
	[ -z "$$(missing)" ] || { [ "$$(id -u)" = 0 ] && command -v apt-get && { $(APT) $(TOOLS) \
	|| { apt-get -qq update; for name in $(TOOLS); do $(APT) $$name; done; }; }; } >/dev/null; \
	[ -z "$$(missing)" ] || echo "not here, so tests that need them are not run:" $$(missing)

# A virtual environment from hashed requirements, then the project itself.
define environment
	@$(PYTHON) -c 'import sys; sys.exit("notelog needs Python 3.11 or later, and $(PYTHON) is %d.%d: name another with PYTHON=..." % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv --clear $(1)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(1)/.ready
endef

$(RUN)/.ready: requirements/run.txt pyproject.toml
	$(call environment,$(RUN),requirements/run.txt)

$(DEV)/.ready: requirements/dev.txt pyproject.toml
	$(call environment,$(DEV),requirements/dev.txt)
