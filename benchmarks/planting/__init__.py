"""Paints diseases and shortcuts into films without either, so that the truth is known."""
