"""Lets `python -m hilum` do what the command does."""

from hilum.cli.main import run

run()
