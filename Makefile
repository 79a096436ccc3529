# Two commands matter: `make run` and `make test`. Each installs what it needs first.
PYTHON ?= python3
VENV ?= .venv
SERVER ?= granian
# Tests mostly wait for servers, so three at once keep two cores busy.
JOBS ?= 3
PY = $(VENV)/bin/python

.PHONY: run test system lint types tests format bench crash fuzz

run: $(VENV)/$(SERVER).stamp
	$(PY) manage.py migrate --verbosity 0
	exec $(PY) manage.py serve --server $(SERVER)

test: system $(VENV)/test.stamp lint types tests

# Servers and clients of other makes, for the tests only: Debian's packages, then npm's.
system:
	PYTHON=$(PYTHON) sh tests/install.sh

lint: $(VENV)/test.stamp
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

types: $(VENV)/test.stamp
	$(VENV)/bin/mypy .

tests: $(VENV)/test.stamp
	$(VENV)/bin/pytest --numprocesses $(JOBS) --dist loadfile
	$(VENV)/bin/pytest --database postgres

format: $(VENV)/test.stamp
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# What takes longer than a test may. Figures are ratios to a floor that is measured in the same run.
bench: system $(VENV)/test.stamp
	$(PY) -m bench.metainfo
	$(PY) -m bench.worst_torrents
	$(PY) -m bench.storage_folder
	$(PY) -m bench.downloads
	$(PY) -m bench.uploads
	$(PY) -m bench.uploads --database postgres
	$(PY) -m bench.resolve
	$(PY) -m bench.resolve --database postgres
	$(PY) -m bench.downloads_while_waiting
	$(PY) -m bench.resolve_by_seeding_client
	$(PY) -m bench.search
	$(PY) -m bench.search --database postgres
	$(PY) -m bench.mirror
	$(PY) -m bench.census
	$(PY) -m bench.peer_history
	$(PY) -m bench.peer_history --database postgres

crash: system $(VENV)/test.stamp
	$(PY) -m bench.crash --kills 1000

fuzz: $(VENV)/test.stamp
	$(PY) -m tests.fuzz_metainfo --minutes 60
	$(PY) -m tests.fuzz_rest --cases 5000

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/granian.stamp: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/gunicorn.stamp: requirements.txt requirements-gunicorn.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-gunicorn.txt
	touch $@

$(VENV)/test.stamp: requirements.txt requirements-gunicorn.txt requirements-dev.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/granian.stamp $(VENV)/gunicorn.stamp
