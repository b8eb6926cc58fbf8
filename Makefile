# One command each; all of them create .venv when it is absent, `bench` one of its own beside it.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
BENCH_STAMP := .venv-bench/.installed
DEMO := --robot roach --course figure8 --perturb leg_loss:leg=right_middle@6 --adapter snail \
        --seconds 20 --seed 0 --compare mb

FAMILIES := leg_loss motor payload friction slope
OTHERS := roach-grbal-50hz roach-hidden-speed roach-hidden-turn go2-grbal

# One thread a process: the planner is timed, and OpenMP spin-waiting ruins it on a busy machine.
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := PASSIVE

.PHONY: setup demo train stress bench test check lint types pytest browser clean
.NOTPARALLEL:

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing Limber and its dependencies into .venv (a minute or two) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,viz,go2,walker,view]'
	touch $@

demo: setup  ## A crawler loses a leg on a figure-8; adapted and plain model, side by side
	rm -rf runs/demo
	$(BIN)/limber run $(DEMO) --out runs/demo
	@echo "Break its legs yourself: $(BIN)/limber run --robot roach --course figure8 --adapter snail --seconds 600 --view"

train: setup  ## Collect, meta-train, evaluate: makes the shipped checkpoints again; resumable, about four CPU hours
	$(BIN)/limber train --config configs/experiments/roach-adapters.yaml --out runs/train --resume
	cp runs/train/*.safetensors models/
	for family in $(FAMILIES); do \
		mkdir -p runs/train-without-$$family && ln -sfn ../train/data runs/train-without-$$family/data && \
		$(BIN)/limber train --config configs/experiments/roach-leave-one-out.yaml --set without=$$family \
			--out runs/train-without-$$family --resume || exit 1; \
	done
	mkdir -p models/leave-one-out && cp runs/train-without-*/*.safetensors models/leave-one-out/
	for other in $(OTHERS); do \
		$(BIN)/limber train --config configs/experiments/$$other.yaml --out runs/train-$$other --resume || exit 1; \
		cp runs/train-$$other/*.safetensors models/; \
	done

stress: setup  ## The published tables of the stress suite, from the shipped checkpoints; resumable, hours
	$(BIN)/limber stress --config configs/experiments/roach-stress.yaml --out runs/stress --resume
	$(BIN)/limber stress --config configs/experiments/roach-stress-leave-one-out.yaml --out runs/stress-leave-one-out --resume
	$(BIN)/limber stress --config configs/experiments/roach-stress-recovery.yaml --out runs/stress-recovery --resume

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

pytest: setup  ## Two at a time, and then, one by one, those that would disturb each other
	$(BIN)/pytest -m "not alone" -n 2 --dist loadfile
	$(BIN)/pytest -m "alone and not browser"

browser: setup  ## The live page in a real Chromium, which has to be installed: playwright install chromium
	$(BIN)/pytest -m browser

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
