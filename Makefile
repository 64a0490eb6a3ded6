# make install   build .venv with the versions of constraints.txt, or constraints-numpy2.txt from Python 3.13 on
#                (a second call costs nothing); make constraints renews them
# make dev       install, and what the tests and checks below need
# make test      run the tests
# make test-fast the tests that start no commands, campaigns or browsers: some minutes
# make test-matrix the same tests in several environments, from the oldest versions to the newest
# make demo      install, then pre-train and evaluate on a small generated data set
# make bench     measure the speed, small (SAMPLES=folder of real videos)
# make lint      check the style, and for unsafe calls; make format mends the style

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
# NumPy 1 as long as it has wheels: all results in docs/ were measured with it
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ifneq ($(filter 3.11 3.12,$(PYTHON_VERSION)),)
CONSTRAINTS ?= constraints.txt
NUMPY_LINE := 'numpy<2' 'pyarrow<26'
else
CONSTRAINTS ?= constraints-numpy2.txt
endif

# OpenCV for machines without a desktop's libraries (libGL, libxcb), over the one that needs them
HEADLESS = --no-deps --force-reinstall opencv-contrib-python-headless==$$($(BIN)/python -c \
    'from importlib.metadata import version; print(version("opencv-python"))')

# Bars where somebody looks
PIP_OPTIONS = --disable-pip-version-check $(if $(MAKE_TERMOUT),,--quiet)

.PHONY: install dev constraints test test-fast test-matrix demo bench lint format

install: $(STAMP)
dev: $(DEV_STAMP)

# A full mmcv that is already in .venv is left alone: mmcv-lite would overwrite it
define pip_install
	if $(BIN)/python -m pip show --quiet mmcv 2>/dev/null; then extras=$(1); else extras=$(1),lite; fi; \
	$(BIN)/python -m pip install $(PIP_OPTIONS) -c $(CONSTRAINTS) -e ".[$$extras]" $(2) $(LINE)
	$(BIN)/python -c 'import cv2' 2>/dev/null || $(BIN)/python -m pip install $(PIP_OPTIONS) $(HEADLESS)
endef

# librosa: pictures of spectrograms with an axis in Hz. imagehash: perceptual hashes of avtss-fp
$(STAMP): setup.py pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 14) or sys.exit( \
	    "error: $(PYTHON) is %d.%d, use 3.11 to 3.14: make PYTHON=python3.13" % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(call pip_install,torchcodec,librosa imagehash)
	touch $(STAMP)

$(DEV_STAMP): $(STAMP)
	$(call pip_install,dev)
	touch $(DEV_STAMP)

# The newest versions that pip finds for this Python; run the tests before you commit them
constraints:
	$(MAKE) dev VENV=.venv-newest CONSTRAINTS=/dev/null LINE="$(NUMPY_LINE)"
	(echo "# The newest on `date +%F`, Python $(PYTHON_VERSION): make constraints PYTHON=python$(PYTHON_VERSION)"; \
	.venv-newest/bin/python -m pip freeze --all --exclude pip --exclude-editable) > $(CONSTRAINTS)
	rm -r .venv-newest

# One thread a process: more would fight over the cores. A file's tests share what they set up: one process
test: dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder $(SELECT)

test-fast: SELECT := -m "not slow"
test-fast: test

# Environments of their own, for each Python that is installed; writes docs/test_matrix.md
test-matrix:
	$(PYTHON) tools/test_matrix.py $(ENVIRONMENTS)

demo:
	@echo 'This takes about 10 minutes on two free CPU cores, downloads included.'
	@$(MAKE) --no-print-directory install
	$(BIN)/python tools/demo.py

bench: dev
	$(BIN)/python tools/benchmarks/run_all.py --small $(if $(SAMPLES),--samples $(SAMPLES))

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive avtss_mm tools

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
