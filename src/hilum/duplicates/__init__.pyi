from .duplicates import (
    Duplicate as Duplicate,
    DuplicateKind as DuplicateKind,
    find_duplicates as find_duplicates,
    join_duplicates as join_duplicates,
)
