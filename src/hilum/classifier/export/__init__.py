"""Export: a classifier for programs that have no Hilum."""
