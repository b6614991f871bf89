"""The benchmark: what the product costs beside a reference that is measured in the same run (docs/bench.md)."""
