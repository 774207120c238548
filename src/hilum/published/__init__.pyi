from .audit import (
    PairVerdict as PairVerdict,
    PredictiveValues as PredictiveValues,
    SetAudit as SetAudit,
    Share as Share,
    TableCheck as TableCheck,
    check_table as check_table,
    printed_predictive_values as printed_predictive_values,
)
from .replication import (
    ReplicatedFigure as ReplicatedFigure,
    ReplicatedRow as ReplicatedRow,
    Replication as Replication,
    agreeing_counts as agreeing_counts,
    compare_replication as compare_replication,
)
from .set_sizes import (
    Miss as Miss,
    Search as Search,
    SetSize as SetSize,
    wrong_counts as wrong_counts,
)
from .table import (
    MANNERS as MANNERS,
    Figure as Figure,
    Manner as Manner,
    PublishedRow as PublishedRow,
    PublishedTable as PublishedTable,
    known_tables as known_tables,
    parse_published as parse_published,
)
