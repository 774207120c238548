"""Lets `python -m hilum` do what the command does."""

from hilum.cli import run

run()
