"""What all tests share: one thread a process, and no deadlines on a machine that others use too."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when NumPy and torch are imported, here and in child processes

import hypothesis
import torch

torch.set_num_threads(1)
hypothesis.settings.register_profile("limber", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("limber")
