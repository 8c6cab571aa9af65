# Two commands set the workbook up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install
QUIET := --quiet --disable-pip-version-check
LOCKED := $(PIP) --require-hashes --no-deps -r locks/run.txt
EDITABLE := $(PIP) --no-deps --no-build-isolation --editable .
WHEELHOUSE ?= wheelhouse
WHEELS ?= run lab
LANDING := outputs/identified/landing/demoshire
SIMULATOR := $(wildcard phm_utils/synthetic/*.py) parameters/concepts.csv $(wildcard parameters/codelists/*.csv)

.PHONY: demo durham test test-full test-subsets coverage lab lint format clean lock wheelhouse offline sbom hooks \
        bench-simulate bench-validation bench-linkage bench-identified bench-persons bench-evaluation bench-statistics bench-names bench-scale bench-rising bench-cohorts bench-lists bench-households \
        benchmark-corruptions benchmark-hostile benchmark-hostile-definitions

demo: $(VENV)/.installed $(LANDING)/simulation.json
	$(BIN)/phm run parameters/demo.yml --areas all

# A simulation is made again only where the simulator or its code lists have changed.
$(LANDING)/simulation.json: $(VENV)/.installed $(SIMULATOR)
	$(BIN)/phm simulate --pcns 3 --out $(LANDING)
	@touch $@

# Durham, March 2020, from the question to the last contact.
durham: $(VENV)/.installed $(LANDING)/simulation.json
	$(BIN)/phm story parameters/durham_march_2020.yml

test: $(VENV)/.tested
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# The long suites alone: `make test` runs all others.
test-full: $(VENV)/.tested $(VENV)/.spark $(VENV)/.lab
	$(BIN)/pytest -n 2 --dist loadfile -m 'full and not subsets'
	$(BIN)/pytest -n 2 --dist loadfile -m 'hypothesis and not full and not subsets' --hypothesis-profile long

# Every subset of an extract's tables and every field without values, to the last page: some 20 minutes; and the range of
# linkage on a hundred simulated counties: some 40.
test-subsets: $(VENV)/.tested
	$(BIN)/pytest -n 0 -m subsets

# Branches of the package that the tests take; what runs in the kernels of notebooks is not counted.
coverage: $(VENV)/.tested
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# JupyterLab would ask a server whether there is a newer one: nothing here calls outside.
lab: $(VENV)/.lab
	$(BIN)/jupyter lab --notebook-dir=. --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/nbstripout --verify --keep-id notebooks/*.ipynb
	$(BIN)/zizmor --offline --quiet --no-progress .github

format: $(VENV)/.tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-simulate: $(VENV)/.installed
	$(BIN)/python benchmarks/simulate.py

bench-validation: $(VENV)/.installed
	$(BIN)/python benchmarks/validation.py

# Cost, precision and recall of linking 1.18 million records, with and without training, and single-pass Splink; trials.
bench-linkage: $(VENV)/.installed
	$(BIN)/phm simulate --form linkage --pcns 15 --out outputs/identified/landing/six_sources
	$(BIN)/python benchmarks/linkage.py outputs/identified/landing/six_sources --train --single-pass --trials

# `phm link` killed at random moments, and started twice at once.
bench-identified: $(VENV)/.installed
	$(BIN)/python benchmarks/identified.py

# Cost of the person table at 100,000, 400,000 and 817,000 people, and a bare scan of the same files.
bench-persons: $(VENV)/.installed
	$(BIN)/python benchmarks/persons.py

# Time, CPU seconds, memory and disk of whole runs from 0.8 to 4.4 million people, and of the check in 800 MB.
bench-scale: $(VENV)/.installed
	$(BIN)/python benchmarks/scale.py --memory 3GB --keep outputs/identified/landing
	$(BIN)/python benchmarks/scale.py --pcns 15 --memory 800MB --only check --keep outputs/identified/landing
	$(BIN)/python benchmarks/scale.py --pcns 15 --memory 800MB --only check --one-file --keep outputs/identified/landing

# Cost of one effect; false positives, power and alarms of 2,000 evaluations where networks differ, some ten minutes.
bench-evaluation: $(VENV)/.installed
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/evaluation.py

# How long questions about cohorts take at 805,000 people, and what the shared library adds to a run.
bench-cohorts: $(VENV)/.installed
	$(BIN)/phm simulate --pcns 15 --out outputs/identified/landing/demoshire
	$(BIN)/phm run parameters/demo.yml --areas ics --notebooks 03
	$(BIN)/python benchmarks/cohorts.py parameters/demo.yml

# A request for 5,000 people of 805,000, its list and a timeline; the names are made up.
bench-lists: $(VENV)/.installed
	$(BIN)/phm simulate --pcns 15 --out outputs/identified/landing/demoshire
	$(BIN)/phm run parameters/demo.yml --areas ics --notebooks 03
	$(BIN)/python benchmarks/lists.py parameters/demo.yml

# From the rules of one model of vulnerability to its tables, at 805,000 people.
bench-households: $(VENV)/.installed
	$(BIN)/phm simulate --pcns 15 --out outputs/identified/landing/demoshire
	$(BIN)/python benchmarks/households.py parameters/demo.yml --profile

# 2,000 mutated extracts: no traceback, and each row of a file kept, quarantined or refused with it.
benchmark-hostile: $(VENV)/.installed
	$(BIN)/python benchmarks/hostile.py

# Error rates of the statistical methods, 2,000 runs each: coverage, false names, pooling, networks; and their speed.
bench-statistics: $(VENV)/.installed
	$(BIN)/python benchmarks/statistical_methods.py

# On how many pages of each report any unit is named where nothing but chance, or usual variation, makes units differ.
bench-names: $(VENV)/.installed
	$(BIN)/python benchmarks/named_by_chance.py

# What the check makes of some hundred corruptions of a tiny extract, and of a hundred odd extracts that are right.
benchmark-corruptions: $(VENV)/.installed
	$(BIN)/python benchmarks/corruptions.py --out outputs/corruptions

# Rising contacts: false discoveries and power against the best possible test, limits, and where the model is wrong; an hour.
bench-rising: $(VENV)/.installed
	OPENBLAS_NUM_THREADS=1 nice $(BIN)/python benchmarks/rising_contacts.py

benchmark-hostile-definitions: $(VENV)/.installed
	$(BIN)/python benchmarks/hostile_definitions.py

# Every package at its newest version that fits, with hashes; read the difference before it is committed.
lock:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(QUIET) 'uv>=0.9'
	$(BIN)/python locks/lock.py make

# For a machine without a network, with the same system and Python: `make wheelhouse` here, `make offline` there.
wheelhouse: $(VENV)/.installed
	$(BIN)/python -m pip download $(QUIET) --require-hashes --no-deps --only-binary :all: --dest $(WHEELHOUSE) \
		$(WHEELS:%=-r locks/%.txt)
	$(BIN)/python -m pip wheel $(QUIET) --no-deps --no-build-isolation --wheel-dir $(WHEELHOUSE) .
	$(BIN)/python locks/lock.py wheels $(WHEELHOUSE) $(WHEELS)

offline:
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python locks/lock.py check
	$(BIN)/python locks/lock.py wheels $(WHEELHOUSE) $(WHEELS)
	$(LOCKED) $(WHEELS:%=-r locks/%.txt) --no-index --find-links $(WHEELHOUSE) $(QUIET)
	$(EDITABLE) --no-index $(QUIET)
	$(BIN)/python -m compileall -q phm_utils
	@touch $(VENV)/.installed $(WHEELS:%=$(VENV)/.%)

# What the workbook is made of, as CycloneDX JSON; the same lock gives the same bytes.
sbom: $(VENV)/.release
	mkdir -p outputs
	$(BIN)/cyclonedx-py requirements locks/run.txt --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-format JSON --output-file outputs/sbom.cdx.json

# Runs the quick part of `make lint` before each commit; the hooks use .venv and no network.
hooks: $(VENV)/.tested
	$(BIN)/pre-commit install

clean:
	rm -rf $(VENV) outputs

# Check that the lock fits pyproject.toml before pip starts.
# Kernels start faster from bytecode: made here on every processor, where pip would use one.
$(VENV)/.installed: pyproject.toml locks/run.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python locks/lock.py check
	$(LOCKED) --no-compile $(QUIET)
	$(EDITABLE) $(QUIET)
	-$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib
	$(BIN)/python -m compileall -q phm_utils
	@touch $@

$(VENV)/.tested: $(VENV)/.installed locks/dev.txt
	$(LOCKED) -r locks/dev.txt $(QUIET)
	@touch $@

$(VENV)/.spark: $(VENV)/.installed locks/spark.txt
	$(LOCKED) -r locks/spark.txt $(QUIET)
	@touch $@

$(VENV)/.lab: $(VENV)/.installed locks/lab.txt
	$(LOCKED) -r locks/lab.txt $(QUIET)
	@touch $@

$(VENV)/.release: $(VENV)/.installed locks/release.txt
	$(LOCKED) -r locks/release.txt $(QUIET)
	@touch $@
