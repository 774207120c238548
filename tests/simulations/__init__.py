"""Simulated truth: do the intervals and tests keep what they promise?

Run `PYTHONPATH=tests python -m simulations` for the tables in docs/statistics.md.
"""
