from .cohort import (
    Cohort as Cohort,
    is_without_disease as is_without_disease,
)
from .external import (
    list_labels as list_labels,
    read_external as read_external,
    share_columns as share_columns,
)
from .films import (
    Exclusion as Exclusion,
    Film as Film,
)
from .labels import (
    check_found as check_found,
    fit_to_own as fit_to_own,
    parse_label_map as parse_label_map,
)
from .registration import (
    load_registered as load_registered,
)
from .tables import (
    Columns as Columns,
    read_table as read_table,
)
