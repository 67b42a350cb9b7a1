# Every target builds .venv when it is missing or older than the lock.
# TORCH_INDEX: optional address of a wheel index with PyTorch's CPU build (pytorch.org, "Get started", "CPU").
#   make test TORCH_INDEX=...   installs torch from there; without it, or when it cannot be reached, from the
#   default index, which on Linux may bring CUDA libraries of several GB. Everything else is the same.
PYTHON ?= python3
TORCH_INDEX ?=
TORCH := torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
NO_CUDA := $(foreach p,torch triton cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti \
	nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile nvidia-curand \
	nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 nvidia-nvjitlink \
	nvidia-nvshmem-cu13 nvidia-nvtx,--no-emit-package $(p))

.DEFAULT_GOAL := help
.PHONY: help run demo sample test bench latency bench-ingest attack load soak fuzz chaos check eval-embeddings screenshots peers redis7 chromium lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(VENV)/.ready: requirements.lock pyproject.toml
	@echo "Setting up $(VENV): the locked packages, then PyTorch (the first time takes a few minutes) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@{ test -n "$(TORCH_INDEX)" && $(BIN)/pip install --quiet --disable-pip-version-check --retries 1 --index-url "$(TORCH_INDEX)" $(TORCH); } \
		|| $(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(VENV)/.ready ## everything on one machine at http://127.0.0.1:8080, with sample data the first time; Ctrl-C stops it
	@$(BIN)/kuaizhao up --sample

demo: $(VENV)/.ready ## a scripted morning: ten sites imported, urgent postings offered, accepted and seated; ends with the audit
	@$(BIN)/kuaizhao demo

sample: $(VENV)/.ready ## write the sample records of ten sites (invented people) to var/sample
	@$(BIN)/kuaizhao sample var/sample

# Two at a time, whole files each; then what bears no other work beside it.
test: $(VENV)/.ready redis7 chromium ## the whole test suite, on the embedded store, on Debian's Redis 7 and in Chromium
	@$(BIN)/pytest -n 2 --dist loadfile -m "not alone"
	@$(BIN)/pytest -m alone

bench: $(VENV)/.ready ## how fast and how exact the matching is, with 100,000 and a million invented profiles; writes reports/bench.json
	@$(BIN)/kuaizhao bench

latency: $(VENV)/.ready ## an open loop of postings with 10,000 connected workers until it bends, and claims; writes reports/latency.json (25 minutes)
	@$(BIN)/python -m loadtest.latency.run

check: $(VENV)/.ready ## ruff, formatting, strict types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

attack: $(VENV)/.ready ## a hostile day against a running service while a normal client goes on; writes reports/attack.json
	@$(BIN)/python -m loadtest.attack.run

bench-ingest: $(VENV)/.ready ## how fast records reach the store (a million profiles), and how well texts are understood; writes reports/ingest.json
	@$(BIN)/python -m loadtest.bench.ingest
	@$(BIN)/python -m ingest.accuracy

load: $(VENV)/.ready ## a compressed dawn with locust: 8,000 workers and 500 urgent postings; writes reports/load.json and load.html (4 minutes)
	@$(BIN)/python -m loadtest.crowd.run

soak: $(VENV)/.ready ## half of the rate at which it bends, for 20 minutes: nothing may grow; writes reports/soak.json (30 minutes)
	@$(BIN)/python -m loadtest.crowd.soak

chaos: $(VENV)/.ready ## sixty faults in the middle of 20,000 acceptances, then the audit; writes reports/chaos.json (10 minutes)
	@$(BIN)/python -m loadtest.chaos.run

fuzz: $(VENV)/.ready ## broken and absurd input against a running service; writes reports/fuzz.json (8 minutes)
	@$(BIN)/python -m loadtest.fuzz.run

screenshots: $(VENV)/.ready chromium ## every page in every state that its tests look at, as pictures in reports/screens (some minutes)
	@rm -rf reports/screens
	@KUAIZHAO_SCREENS=reports/screens $(BIN)/pytest -q tests/test_k*.py tests/test_page*.py
	@ls reports/screens/*/*.png | wc -l | xargs echo "pictures in reports/screens:"

eval-embeddings: $(VENV)/.ready ## measure the shipped model and its baselines; writes reports/embeddings.json (10 minutes)
	@$(BIN)/python -m embeddings.evaluate

# Peers are installed one by one: what cannot be installed here is left out of the comparison, with the reason.
.venv-peers/.ready: loadtest/peers/requirements.txt $(VENV)/.ready
	@grep -v '^#' $< | while read -r wheel; do \
		$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --no-deps --target .venv-peers "$$wheel" \
		|| echo "Left out: $$wheel cannot be installed here"; done
	@touch $@

peers: .venv-peers/.ready ## ours beside qdrant, Redis vector sets, LanceDB, FAISS and a GEOSEARCH loop; writes reports/peers.json (10 minutes)
	@PYTHONPATH=.venv-peers $(BIN)/python -m loadtest.peers.run $(PEERS)

# The store's tests run on Redis 7 too. Installed where that is possible without asking; a service that the package starts
# is stopped again. Elsewhere the tests that need it say so.
redis7:
	@command -v redis-server >/dev/null || { command -v apt-get >/dev/null && test "$$(id -u)" = 0 && { \
		echo "Installing redis-server for the tests ..."; apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null && \
		{ service redis-server stop >/dev/null 2>&1 || true; }; }; } || true

# The pages' tests drive Chromium, with a font that has Chinese; the same rule. Its headless shell is the quicker one.
chromium:
	@{ command -v chromium-headless-shell || command -v chromium || command -v google-chrome || $(BIN)/python -c \
		'import sys; from playwright.sync_api import sync_playwright as s; p = s().start(); from pathlib import Path; sys.exit(not Path(p.chromium.executable_path).exists())'; \
		} >/dev/null 2>&1 || { command -v apt-get >/dev/null && test "$$(id -u)" = 0 && { \
		echo "Installing Chromium and a Chinese font for the tests ..."; apt-get update -qq; \
		for browser in chromium-headless-shell chromium; do DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends $$browser fonts-noto-cjk >/dev/null && break; done; }; } || true

lock: ## pin every dependency with hashes into requirements.lock (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras $(NO_CUDA) \
		--no-annotate --no-header pyproject.toml -o requirements.lock

clean: ## remove the virtual environment, caches and reports; keeps var/ (the data)
	rm -rf $(VENV) .venv-peers build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis reports
