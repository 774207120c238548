"""Heads: the small trainable networks that read a frozen backbone's features."""
