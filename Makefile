# The four commands of the project. Each says what it needs and installs what is missing into the project's own cache.
.PHONY: help deliver test check lock create-ecr clean distclean
SHELL := /bin/sh
# Expanded only where used, so that `make help` installs nothing.
PYTHON = $$(python3 bin/environment dev)
GOLDENPATH = GOLDENPATH_LOCK=dev bin/goldenpath

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

deliver: ## Set everything up and deliver the sample app to a local registry, for dev and then for prod
	@$(GOLDENPATH) local demo

test: ## Set everything up and pass all tests
	@$(GOLDENPATH) tools install --for-tests
	@$(PYTHON) -m pytest --cov --cov-report=term

check: ## Lint, types, import directions, docstrings
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

lock: ## Renew the hash-locked lists of Python packages in locks/
	@$(PYTHON) dev/lock.py

# Each word is quoted for the shell, whatever it holds; what cannot be used is refused by the command.
create-ecr: ## Write a registry into envs/<ENV>/ecr.tf: APP=my-app OWNER=team-web RISK=low ENV=dev
	@python3 scripts/scaffold_ecr.py --app='$(subst ','\'',$(APP))' --owner='$(subst ','\'',$(OWNER))' --risk='$(subst ','\'',$(RISK))' --env='$(subst ','\'',$(or $(ENV),dev))'

clean: ## Remove what was made inside this checkout
	@rm -rf .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove the project's cache folder too: tools, environments, base images
	@GOLDENPATH_LOCK=dev bin/goldenpath local down || true
	@rm -rf "$${GOLDENPATH_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/goldenpath}"
