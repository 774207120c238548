from .audit import (
    describe_audit as describe_audit,
    describe_audit_run as describe_audit_run,
)
from .commands import (
    ExportedJson as ExportedJson,
    ListedBackboneJson as ListedBackboneJson,
    SymptomJson as SymptomJson,
)
from .comparison import (
    ResultsJson as ResultsJson,
    describe_comparison as describe_comparison,
)
from .documents import (
    as_document as as_document,
    conform as conform,
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
    claim_run_folder as claim_run_folder,
    write_run as write_run,
)
from .privacy import (
    cohorts_of as cohorts_of,
    redacted as redacted,
    redacted_sources as redacted_sources,
    redactor as redactor,
)
from .reading import (
    needs_attention as needs_attention,
    train_from_run as train_from_run,
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
    folds_table as folds_table,
    history_table as history_table,
    imagenet_table as imagenet_table,
    predictions_table as predictions_table,
)
