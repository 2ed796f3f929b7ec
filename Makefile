# The commands of the project. Each says what it needs and installs what is missing into the project's own cache.
.PHONY: help deliver test coverage check faults faults-applies bench bench-limits bench-build-cache bench-push bench-secrets bench-setup growth figures rename run-model site lock create-ecr clean distclean
SHELL := /bin/sh
# Expanded only where used, so that `make help` installs nothing.
PYTHON = $$(python3 -I bin/environment dev)
CACHE = $${GOLDENPATH_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/goldenpath}
GOLDENPATH = GOLDENPATH_LOCK=dev bin/goldenpath
# Tests of one file share what is expensive to start, and stay on one worker. Five keep two cores busy: a test waits for
# half of its time, for programs that start and for services. Those that wait longest come first, by their folders' names.
TOGETHER = -n 5 --dist loadfile --no-loadscope-reorder
# Each worker would compile every module of the tests, for itself and in every run, where Python keeps no bytecode.
PYTEST = PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest $(TOGETHER)

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

deliver: ## Set everything up and deliver the sample app to a local registry, for dev and prod; see bad commits stopped
	@$(GOLDENPATH) local demo

test: ## Set everything up and pass all tests; TESTS='tests/unit -k digest' for some of them
	@echo 'This runs every test on real programs. It needs git, Python 3.11, Terraform 1.10 and, where no release of a'
	@echo 'program can be downloaded or none is published, Go 1.26; it installs the rest: Python'
	@echo "packages (Node.js is one), npm packages and pinned programs into"
	@echo "$(CACHE) (programs are built with Go where no release"
	@echo 'can be reached: up to 30 minutes and 15 GB the first time); as root on Debian or Ubuntu also docker.io, iptables'
	@echo 'and debootstrap with apt-get, where they are missing and no Docker Engine is running.'
	@$(GOLDENPATH) tools install --for-tests
	@PYTHONPATH=src:. $(PYTHON) -m tests.judges.judge
	@PYTHONPATH=src:. $(PYTHON) -m tests.published
	@$(PYTEST) $(TESTS)

coverage: ## Pass all tests and report which lines none of them runs; it takes a sixth more of the processor
	@$(GOLDENPATH) tools install --for-tests
	@$(PYTEST) --cov --cov-report=term

check: ## Lint, types, import directions, docstrings, spelling, words, generated files
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@PYTHONPATH=src "$$(dirname $(PYTHON))/lint-imports" --no-logo
	@$(PYTHON) -m interrogate --quiet src
	@git ls-files -z | xargs -0 "$$(dirname $(PYTHON))/codespell"
	@$(PYTHON) dev/prose_check.py
	@$(PYTHON) dev/generate.py --check

faults: faults-applies ## Break releases and applies in every way: each fault of each request, signals, races (20 minutes)
	@PYTHONPATH=src:. $(PYTHON) -m tests.faults.campaign
	@PYTHONPATH=src:. $(PYTHON) -m tests.faults.signals

faults-applies: ## Break each request of each kind of apply, and run it again (5 minutes)
	@PYTHONPATH=src:. $(PYTHON) -m tests.faults.applies

bench: ## Race a delivery against the usual commands (half an hour; ROUNDS=1 ONLY=static: a minute; WRITE=1: write the page)
	@$(PYTHON) dev/bench.py $(if $(ROUNDS),--rounds='$(ROUNDS)') $(if $(ONLY),--only $(ONLY)) $(if $(WRITE),--write)

bench-limits: ## Measure work of our own that has limits, in seconds and MB; fail where one is passed
	@$(PYTHON) dev/bench_limits.py

bench-build-cache: ## Measure what the build cache of a workflow saves
	@$(PYTHON) dev/bench_build_cache.py

bench-push: ## Measure a push beside `crane push`
	@$(PYTHON) dev/bench_push.py

bench-secrets: ## Measure the search for secrets beside `gitleaks git`
	@$(PYTHON) dev/bench_secrets.py

bench-setup: ## Measure how long the code takes to be ready on a runner, beyond downloads
	@python3 -I dev/bench_setup.py

growth: ## Measure how time grows with images, commits, findings, layers, registries (30 minutes); ONLY=registries for a part
	@$(PYTHON) dev/growth.py $(ONLY)

figures: ## Print figures of the code; AT='main v1.2.3': beside those of other commits
	@$(PYTHON) dev/figures.py $(foreach COMMIT,$(AT),--at $(COMMIT))

run-model: ## Compute how long a delivery takes on GitHub, job by job, from the workflow and stated rates
	@$(PYTHON) dev/run_model.py

rename: ## Name your own copy of this repository: TO=ORG/REPO TEAM=ORG/TEAM
	@$(PYTHON) dev/rename.py '$(TO)' $(if $(TEAM),--team '$(TEAM)')

site: ## Build the documents as a site in .site/
	@NO_MKDOCS_2_WARNING=1 "$$(dirname "$$(python3 -I bin/environment docs)")/mkdocs" build --quiet && echo "file://$$PWD/.site/index.html"

lock: ## Renew the hash-locked lists of packages: Python in locks/, npm in tests/
	@$(PYTHON) dev/lock.py

# Each word is quoted for the shell, whatever it holds; what cannot be used is refused by the command.
create-ecr: ## Write a registry into envs/<ENV>/ecr.tf: APP=my-app OWNER=team-web RISK=low ENV=dev REQUESTER=octocat DOMAIN=shop
	@python3 -I scripts/scaffold_ecr.py --app='$(subst ','\'',$(APP))' --owner='$(subst ','\'',$(OWNER))' --risk='$(subst ','\'',$(RISK))' --env='$(subst ','\'',$(or $(ENV),dev))' --requester='$(subst ','\'',$(REQUESTER))' --domain='$(subst ','\'',$(DOMAIN))'

clean: ## Remove what was made inside this checkout, and the build caches of Go
	@rm -rf "$(CACHE)/go"
	@rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove the project's cache folder too: tools, environments, base images
	@GOLDENPATH_LOCK=dev bin/goldenpath local down || true
	@rm -rf "$(CACHE)"
