# Two commands do all the set-up: `make run` and `make test`. The rest is for those who work on it.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(if $(shell $(p) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" 2>/dev/null && echo yes),$(p))))
BIN := .venv/bin
DATA ?= ../shared/data
.DEFAULT_GOAL := help
.PHONY: help setup setup-spark run test test-slow lint bench-chat bench-rec bench-nlu nlu-report bench-search bench-rerank bench-console bench-transcript bench-scale pin clean

help: ## what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:
	@test -n "$(PYTHON)" || { echo "Set-up stopped: no Python 3.11 or newer was found. Install one, or say which: make PYTHON=/path/to/python3.11 run"; exit 1; }
	@$(PYTHON) cli/bootstrap.py

setup-spark: ## add what `shopkeeper train --engine spark` needs (400 MB; Java 17 must be there)
	@test -n "$(PYTHON)" || { echo "Set-up stopped: no Python 3.11 or newer was found."; exit 1; }
	@$(PYTHON) cli/bootstrap.py --spark

run: setup ## start the shop and its bot (sets everything up the first time)
	@exec $(BIN)/shopkeeper up

test: setup ## everything that must pass before a change lands (sets everything up the first time)
	@$(BIN)/python tests/run.py fast

test-slow: setup-spark ## faults, load, browsers
	@$(BIN)/python tests/run.py slow

lint: setup ## style and the direction of imports
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports

bench-chat: setup ## turns a second and waiting times beside stock Rasa
	@$(BIN)/python -m benchmarks.bench_chat

bench-rec: setup ## accuracy of the recommender beside its peers (DATA=folder of splits)
	@$(BIN)/python -m benchmarks.bench_rec --data $(DATA)/recsys

bench-nlu: setup ## accuracy of understanding beside its peers (DATA=folder of data sets)
	@$(BIN)/python -m benchmarks.bench_nlu --data $(DATA)/nlu

bench-search: setup ## search beside BM25 alone and embeddings alone, on graded queries over the demo shop
	@$(BIN)/python -m benchmarks.bench_search

bench-rerank: setup ## what wishes for variety, new products, margin and stock cost in accuracy
	@$(BIN)/python -m benchmarks.bench_rerank

bench-console: setup ## finding conversations among a million messages, on both databases
	@$(BIN)/python -m benchmarks.bench_console

bench-transcript: setup ## opening and scrolling a conversation of 2,000 messages, on the server and in Chromium
	@$(BIN)/python -m benchmarks.bench_transcript

bench-scale: setup ## speed and size of the recommender, up to a million products (needs 16 GB)
	@$(BIN)/python -m benchmarks.bench_scale

nlu-report: setup ## how well the bot reads its own examples, as one HTML page
	@$(BIN)/shopkeeper nlu-report

pin: ## compile the pinned requirements anew
	@sed -i.bak 's/^torch==[0-9.]*$$/&+cpu/' requirements/app.txt # else the build for graphics cards would be preferred, with all it needs
	@for f in app test spark; do UV_FIND_LINKS="$$PIP_FIND_LINKS" uv pip compile -q --python-version 3.11 --no-header --no-annotate requirements/$$f.in -o requirements/$$f.txt; done
	@uv pip compile -q --python-version 3.10 --no-header --no-annotate bot/rasa/requirements.in -o bot/rasa/requirements.txt
	@sed -i.bak 's/==\([0-9.]*\)+cpu/==\1/' requirements/*.txt && rm requirements/*.bak

clean: ## remove both environments and everything made at run time (the database too)
	rm -rf .venv .venv-rasa .uv var
