"""Finished work on disk: the one place that writes a run's files and reads them back.

Every document has its type here, and the JSON Schemas in `docs/schemas` are made from these
types. What people look at, the report above all, is made in `hilum.report`.
"""
