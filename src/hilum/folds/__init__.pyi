from .folds import (
    Folds as Folds,
    Split as Split,
    repeated_folds as repeated_folds,
    single_split as single_split,
)
from .groups import (
    conflicting_labels as conflicting_labels,
    group_films as group_films,
)
