"""Benchmarks, one a file: `python -m bench.downloads`. Each prints ratios to a floor measured in the same run."""
