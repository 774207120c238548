"""The checks of a cohort, in four families: a check is one function with `@check` above it."""
