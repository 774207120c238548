from .folds import (
    Folds as Folds,
)
from .folds import (
    Split as Split,
)
from .folds import (
    repeated_folds as repeated_folds,
)
from .folds import (
    single_split as single_split,
)
from .groups import (
    conflicting_labels as conflicting_labels,
)
from .groups import (
    group_films as group_films,
)
