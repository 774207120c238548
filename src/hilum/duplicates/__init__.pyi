from .duplicates import (
    Duplicate as Duplicate,
)
from .duplicates import (
    DuplicateKind as DuplicateKind,
)
from .duplicates import (
    find_duplicates as find_duplicates,
)
from .duplicates import (
    join_duplicates as join_duplicates,
)
