"""Benchmarks: `python -m benchmarks` measures all and writes RESULTS.md; each module is also a command of its own."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is loaded: its BLAS reads it once
