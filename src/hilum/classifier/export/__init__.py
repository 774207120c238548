"""Export: a bundle in, one file out that answers as the bundle does, for programs without Hilum."""
