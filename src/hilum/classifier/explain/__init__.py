"""Explanations: which parts of a film speak for a class, and checks of that."""
