from .audit import (
    describe_audit as describe_audit,
)
from .audit import (
    describe_audit_run as describe_audit_run,
)
from .commands import (
    ExportedJson as ExportedJson,
)
from .commands import (
    ListedBackboneJson as ListedBackboneJson,
)
from .commands import (
    SymptomJson as SymptomJson,
)
from .comparison import (
    ResultsJson as ResultsJson,
)
from .comparison import (
    describe_comparison as describe_comparison,
)
from .documents import (
    as_document as as_document,
)
from .documents import (
    conform as conform,
)
from .documents import (
    to_json as to_json,
)
from .figures import (
    BackboneJson as BackboneJson,
)
from .naming import (
    describe_naming as describe_naming,
)
from .place import (
    check_run_folder as check_run_folder,
)
from .place import (
    claim_run_folder as claim_run_folder,
)
from .place import (
    write_run as write_run,
)
from .privacy import (
    cohorts_of as cohorts_of,
)
from .privacy import (
    redacted as redacted,
)
from .privacy import (
    redacted_sources as redacted_sources,
)
from .privacy import (
    redactor as redactor,
)
from .reading import (
    needs_attention as needs_attention,
)
from .reading import (
    train_from_run as train_from_run,
)
from .reading import (
    train_from_run_with as train_from_run_with,
)
from .recipes import (
    describe_recipes as describe_recipes,
)
from .table_check import (
    describe_table_check as describe_table_check,
)
from .tables import (
    excluded_table as excluded_table,
)
from .tables import (
    folds_table as folds_table,
)
from .tables import (
    history_table as history_table,
)
from .tables import (
    imagenet_table as imagenet_table,
)
from .tables import (
    predictions_table as predictions_table,
)
