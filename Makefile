# One command each; all of them create .venv when it is absent, `bench` one of its own beside it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
BENCH_STAMP := .venv-bench/.installed
DEMO := --robot roach --course figure8 --perturb leg_loss:leg=right_middle@6 --adapter snail \
        --seconds 20 --seed 0 --compare mb

# One thread a process: the planner is timed, and OpenMP spin-waiting ruins it on a busy machine.
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := PASSIVE

.PHONY: setup demo train stress bench test check lint types pytest clean
.NOTPARALLEL:

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Limber and its dependencies into .venv (a minute or two) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,viz,go2]'
	touch $@

demo: setup  ## A crawler loses a leg on a figure-8; adapted and plain model, side by side
	$(BIN)/limber run $(DEMO) --out runs/demo

train: setup  ## Collect, meta-train, evaluate: makes the shipped checkpoints again
	$(BIN)/limber train --config configs/experiments/roach-grbal.yaml --out runs/train --resume
	cp runs/train/*.safetensors models/

stress: setup  ## The published table of the stress suite, from the shipped checkpoints; resumable, hours with the oracle
	$(BIN)/limber stress --config configs/experiments/roach-stress.yaml --out runs/stress --resume

bench: $(BENCH_STAMP)  ## Planners side by side with peers; resumable, report in runs/planners
	.venv-bench/bin/python benchmarks/planners.py --out runs/planners

$(BENCH_STAMP): pyproject.toml constraints.txt benchmarks/requirements-peers.txt
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-r benchmarks/requirements-peers.txt -e .
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps mbrl==0.2.0
	touch $@

test: check pytest  ## All that continuous integration asks

check: lint types

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

pytest: setup
	$(BIN)/pytest

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
