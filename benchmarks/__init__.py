"""Measures speed and memory as ratios within one run; `make bench` runs them all.

Machines are shared and noisy, so no figure here is a test: each contender is run in
turn several times, and medians are compared.
"""
