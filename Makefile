# Two commands set the workbook up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LANDING := outputs/identified/landing/demoshire
SIMULATOR := $(wildcard phm_utils/synthetic/*.py) parameters/concepts.csv $(wildcard parameters/codelists/*.csv)

.PHONY: demo test test-full coverage lab lint format clean \
        bench-simulate bench-validation bench-linkage bench-persons bench-evaluation

demo: $(VENV)/.installed $(LANDING)/simulation.json
	$(BIN)/phm run parameters/demo.yml --areas all

# A simulation is made again only where the simulator or its code lists have changed.
$(LANDING)/simulation.json: $(VENV)/.installed $(SIMULATOR)
	$(BIN)/phm simulate --pcns 3 --out $(LANDING)
	@touch $@

test: $(VENV)/.tested
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

test-full: $(VENV)/.tested $(VENV)/.spark
	$(BIN)/pytest -n 2 --dist loadfile -m "full or not full"

# Branches of the package that the tests take; fails below `fail_under` of pyproject.toml.
coverage: $(VENV)/.tested
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lab: $(VENV)/.lab
	$(BIN)/jupyter lab --notebook-dir=notebooks

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb

format: $(VENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-simulate: $(VENV)/.installed
	$(BIN)/python benchmarks/simulate.py

bench-validation: $(VENV)/.installed
	$(BIN)/python benchmarks/validation.py

# Cost, precision and recall of linking 1.18 million records, with and without training, and single-pass Splink.
bench-linkage: $(VENV)/.installed
	$(BIN)/phm simulate --form linkage --pcns 15 --out outputs/identified/landing/six_sources
	$(BIN)/python benchmarks/linkage.py outputs/identified/landing/six_sources --train --single-pass

# Cost of the person table at 100,000, 400,000 and 817,000 people, and a bare scan of the same files.
bench-persons: $(VENV)/.installed
	$(BIN)/python benchmarks/persons.py

bench-evaluation: $(VENV)/.installed
	$(BIN)/python benchmarks/evaluation.py

clean:
	rm -rf $(VENV) outputs

# pip compiles what it installs; the editable package is compiled here, for kernels start faster so.
$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q phm_utils
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

$(VENV)/.spark: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[spark]'
	@touch $@

$(VENV)/.lab: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lab]'
	@touch $@
