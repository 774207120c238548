from .audit import (
    PairVerdict as PairVerdict,
)
from .audit import (
    PredictiveValues as PredictiveValues,
)
from .audit import (
    SetAudit as SetAudit,
)
from .audit import (
    Share as Share,
)
from .audit import (
    TableCheck as TableCheck,
)
from .audit import (
    check_table as check_table,
)
from .audit import (
    printed_predictive_values as printed_predictive_values,
)
from .replication import (
    ReplicatedFigure as ReplicatedFigure,
)
from .replication import (
    ReplicatedRow as ReplicatedRow,
)
from .replication import (
    Replication as Replication,
)
from .replication import (
    agreeing_counts as agreeing_counts,
)
from .replication import (
    compare_replication as compare_replication,
)
from .set_sizes import (
    Miss as Miss,
)
from .set_sizes import (
    Search as Search,
)
from .set_sizes import (
    SetSize as SetSize,
)
from .set_sizes import (
    wrong_counts as wrong_counts,
)
from .table import (
    MANNERS as MANNERS,
)
from .table import (
    Figure as Figure,
)
from .table import (
    Manner as Manner,
)
from .table import (
    PublishedRow as PublishedRow,
)
from .table import (
    PublishedTable as PublishedTable,
)
from .table import (
    known_tables as known_tables,
)
from .table import (
    parse_published as parse_published,
)
