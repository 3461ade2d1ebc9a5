"""Measurements of the product, each beside a floor in the same run. `docs/benchmarks.md` has the figures."""
