# make install   build .venv with the versions of constraints.txt (a second call costs nothing)
# make test      install, then run the tests
# make test-fast install, then the tests that start no commands, campaigns or browsers: some minutes
# make demo      install, then pre-train and evaluate on a small generated data set
# make bench     install, then measure the speed, small (SAMPLES=folder of real videos)
# make lint      check the style, and for unsafe calls; make format mends the style

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install test test-fast demo bench lint format

install: $(STAMP)

# A full mmcv that is already in .venv is left alone: mmcv-lite would overwrite it
$(STAMP): setup.py pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 12) or sys.exit( \
	    "error: constraints.txt is for Python 3.11 and 3.12, $(PYTHON) is %d.%d. Run make PYTHON=python3.11, " \
	    "or for Python 3.9 and 3.10 pip install -e .[lite] in an environment of your own" % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	if $(BIN)/python -m pip show --quiet mmcv 2>/dev/null; then extras=dev,torchcodec; \
	else extras=dev,lite,torchcodec; fi; \
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt -e ".[$$extras]"
	touch $(STAMP)

# One thread a process: more would fight over the cores
test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) $(SELECT)

test-fast: SELECT := -m "not slow"
test-fast: test

demo: install
	$(BIN)/python tools/demo.py

bench: install
	$(BIN)/python tools/benchmarks/run_all.py --small $(if $(SAMPLES),--samples $(SAMPLES))

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive avtss_mm tools

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
