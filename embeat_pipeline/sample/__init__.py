"""A made-up dump of any size, for the demo, the tests and the benchmarks."""

from embeat_pipeline.sample.write import write_sample

__all__ = ["write_sample"]
