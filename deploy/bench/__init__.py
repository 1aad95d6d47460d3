"""Benchmarks: figures of the running system, each printed with its floor, its target and its conditions."""
