"""Measurements, one a file: `python -m bench.downloads`. Each compares within one run, on one machine."""
