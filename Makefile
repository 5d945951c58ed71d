# What one can do with Mitsprache. `make help` lists it; everything else is done by the scripts that are named here.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test setup lint types contracts catalogs validate train redaction delicate stories understand chromium postgres redis nginx iproute export backup restore mutants soak bench growth burst shell audit lock secrets compose-check chart-check clean

PYTHON := .venv/bin/python
RASA := cd rasa_project && sh ../deploy/rasa.sh
FILES := $(if $(NO_BROWSER),--ignore=tests/browser)

# One stamp per environment, named after the content of its lock: a changed lock is a missing stamp.
stamp = $(1).venv/.built-$(shell sha256sum $(1)requirements.lock | cut -c 1-16)
MAIN_ENV := $(call stamp,)
RASA_ENV := $(call stamp,rasa_project/)
BARE_ENV := $(call stamp,bench/bare_rasa/)

ROUND ?= needs
FORMAT ?= csv
OUT ?= var/$(ROUND)-arbeitsdatei.$(FORMAT)
UPGRADE ?=
COMPILE = pip compile --quiet --universal --generate-hashes --no-header $(UPGRADE)

# How many files of tests are tried at once.
WORKERS ?= 2

# Without bytecode every start is slow; foreign paths have no business in our environments.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME VIRTUAL_ENV

help: ## List what one can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

run: setup catalogs ## Start everything on this machine; Ctrl-C stops it
	@$(PYTHON) -m deploy.local

test: chromium postgres redis nginx iproute setup lint types contracts catalogs validate train stories ## Check everything (NO_BROWSER=1, NO_POSTGRES=1, NO_REDIS=1, NO_NGINX=1, NO_NETWORKS=1 leave something out)
	browser=$$(test -n "$(NO_BROWSER)" || sh deploy/package.sh chromium) && \
	CHROMIUM=$$browser NO_POSTGRES=$(NO_POSTGRES) NO_REDIS=$(NO_REDIS) NO_NETWORKS=$(NO_NETWORKS) $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile $(FILES)

setup: $(MAIN_ENV) $(RASA_ENV) ## Build both environments from their locks

$(MAIN_ENV):
	@rm -f .venv/.built-*
	@sh deploy/venv.sh . '>=3.11,<3.15'
	@touch $@

$(RASA_ENV) $(BARE_ENV):
	@rm -f $(@D)/.built-*
	@sh deploy/venv.sh $(@D:/.venv=) 3.10
	@touch $@

lint: setup ## Check the style (ruff)
	$(PYTHON) -m ruff check .

types: setup ## Check the types (mypy)
	$(PYTHON) -m mypy

contracts: setup ## Check who imports whom (import-linter)
	.venv/bin/lint-imports

catalogs: setup ## Compile the translations
	@$(PYTHON) -m translations.catalogs compile

validate: setup ## Check the training data (rasa data validate)
	$(RASA) data validate --domain domain.yml --data data --config config.yml --fail-on-warnings

train: setup ## Train the assistant if its training data changed
	@$(PYTHON) -m deploy.train

redaction: setup ## Measure what is taken out of answers
	$(PYTHON) -m tests.redaction

delicate: setup ## Measure how danger and other delicate moments are recognised
	$(PYTHON) -m tests.delicate

stories: train ## Check the assistant against its test stories (rasa test)
	model=$$($(PYTHON) -m deploy.train) && \
	$(RASA) test core --e2e --no-plot --fail-on-prediction-errors --stories tests --model "$$model" --out ../var/stories

understand: train ## Measure how well the acts are understood in every language
	@$(PYTHON) -m tests.understanding

chromium: ## See to a Chromium for the browser test
	@test -n "$(NO_BROWSER)" || sh deploy/package.sh chromium >/dev/null

postgres: ## See to a PostgreSQL for the tests
	@test -n "$(NO_POSTGRES)" || sh deploy/package.sh postgresql >/dev/null

redis: ## See to a Redis for the tests
	@test -n "$(NO_REDIS)" || sh deploy/package.sh redis >/dev/null

nginx: ## See to a reverse proxy for the tests
	@test -n "$(NO_NGINX)" || sh deploy/package.sh nginx >/dev/null

iproute: ## See to the program that makes networks for the tests
	@test -n "$(NO_NETWORKS)" || sh deploy/package.sh iproute2 >/dev/null

export: setup catalogs ## Write the answers to a file (ROUND=needs FORMAT=csv OUT=file)
	$(PYTHON) -m staff export --round $(ROUND) --format $(FORMAT) --out $(OUT)

backup: setup catalogs ## Write all that is stored into a file (FILE=file)
	@$(PYTHON) -m store backup $(FILE)

restore: setup catalogs ## Bring a backup into an empty database (FILE=file)
	@$(PYTHON) -m store restore $(FILE)

mutants: chromium setup ## Break the code on purpose and see that the tests notice
	$(PYTHON) -m tests.mutants

soak: postgres nginx setup catalogs train ## Residents talk while everything fails in turn (SOAK=… for its options)
	$(PYTHON) -m tests.faults $(SOAK)

bench: postgres nginx setup $(BARE_ENV) catalogs train ## Measure how fast it is (BENCH="--only turn" for its options)
	$(PYTHON) -m bench $(BENCH)

growth: postgres setup catalogs train ## Let 2,000 people come within ten minutes, then 500 at once (GROWTH="--scale 0.1")
	$(PYTHON) -m bench.growth $(GROWTH)

burst: setup catalogs train ## Let 500 people press «Start» on Telegram at once
	$(PYTHON) -m bench.burst

shell: setup catalogs ## Talk to the assistant on this terminal (rasa shell)
	@$(PYTHON) -m deploy.local shell

audit: setup ## Ask whether a package of either lock has a known vulnerability
	@$(PYTHON) -m deploy.audit

lock: ## Write the locks anew (UPGRADE=--upgrade takes the newest versions)
	sh deploy/uv.sh $(COMPILE) pyproject.toml --extra dev --python-version 3.11 -o requirements.lock
	sh deploy/uv.sh $(COMPILE) pyproject.toml --constraints requirements.lock --python-version 3.11 -o deploy/requirements.lock
	cd rasa_project && sh ../deploy/uv.sh $(COMPILE) pyproject.toml --python-version 3.10 -o requirements.lock
	cd bench/bare_rasa && sh ../../deploy/uv.sh $(COMPILE) pyproject.toml --python-version 3.10 -o requirements.lock

secrets: ## Make the secrets and folders of the real deployment, once
	@sh deploy/secrets.sh

compose-check: setup ## Look through docker-compose.yml and the Dockerfiles, without a Docker
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	.venv/bin/hadolint deploy/*.Dockerfile

chart-check: setup ## Look through the chart, without a cluster
	$(PYTHON) -m tests.charts

clean: ## Remove what was built: environments, models, catalogs, caches; never data
	rm -rf .venv rasa_project/.venv bench/bare_rasa/.venv rasa_project/models rasa_project/.rasa .tools .*_cache .hypothesis
	find translations cities -name '*.mo' -delete
