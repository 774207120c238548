"""The sections of a report: each owns its words, its figure and its template."""
