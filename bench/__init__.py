"""The benchmark: measures the product against a reference in the same run (docs/bench.md)."""
