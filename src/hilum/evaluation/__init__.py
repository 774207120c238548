"""Numbers: arrays in, frozen results out.

No plots, no networks, no files. Import from the modules by name.
"""
