# Each target sets itself up: a Python 3.11–3.13 that really runs, then .venv with the locked dependencies.
.DEFAULT_GOAL := help
.PHONY: help demo test lint format snapshot lock environment
MAKEFLAGS += --no-print-directory

VENV := .venv/bin/python
# Throw-away PostgreSQL and Redis for one command.
ENGINES := $(VENV) -m demo.with_engines

help: ## what can be made (the default)
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: environment ## everything on this machine, in the foreground; PORT, LOCALCLOUD_PORT, DNS_PORT, STATE_DIR choose otherwise
	@exec $(VENV) -m demo

test: environment ## the whole test suite; ARGS="tests/demo -k engines" chooses
	@exec $(VENV) -m pytest -n 2 $(ARGS)

lint: environment ## formatting, types, imports, deployment checks, migrations and the API snapshot
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	.venv/bin/lint-imports
	@$(ENGINES) sh -exc '\
		$(VENV) -m mypy; \
		$(VENV) manage.py check --deploy --fail-level WARNING; \
		$(VENV) manage.py makemigrations --check --dry-run; \
		$(VENV) manage.py spectacular --validate --fail-on-warn --file .local/schema.yml; \
		diff -u docs/api/schema.yml .local/schema.yml'

format: environment ## ruff's formatting and safe fixes, in place
	$(VENV) -m ruff check --fix .
	$(VENV) -m ruff format .

snapshot: environment ## docs/api/schema.yml, written anew from the code
	$(ENGINES) $(VENV) manage.py spectacular --validate --fail-on-warn --file docs/api/schema.yml

lock: environment ## both lock files, compiled anew from pyproject.toml
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) pyproject.toml --extra dev -o requirements-dev.txt

LOCK := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header

# pyenv leaves commands on PATH that only say that they are not there, hence the try. Without ensurepip there is no venv.
environment:
	@for python in python3.13 python3.12 python3.11 python3; do \
		"$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
			>/dev/null 2>&1 && exec "$$python" demo/environment.py; \
	done; \
	echo "make: Python 3.11, 3.12 or 3.13 with its venv module is needed; none was found on PATH" >&2; exit 1
