from .cohort import (
    Cohort as Cohort,
)
from .cohort import (
    is_without_disease as is_without_disease,
)
from .external import (
    list_labels as list_labels,
)
from .external import (
    read_external as read_external,
)
from .external import (
    share_columns as share_columns,
)
from .films import (
    Exclusion as Exclusion,
)
from .films import (
    Film as Film,
)
from .labels import (
    check_found as check_found,
)
from .labels import (
    fit_to_own as fit_to_own,
)
from .labels import (
    parse_label_map as parse_label_map,
)
from .registration import (
    load_registered as load_registered,
)
from .tables import (
    Columns as Columns,
)
from .tables import (
    read_table as read_table,
)
