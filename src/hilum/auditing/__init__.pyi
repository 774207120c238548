from .baselines import (
    BEARINGS as BEARINGS,
    SIGHTS as SIGHTS,
    TITLES as TITLES,
    Baseline as Baseline,
    BaselineName as BaselineName,
    Bearing as Bearing,
    LeakWorth as LeakWorth,
    Weight as Weight,
    measure_baseline as measure_baseline,
    score_by_table as score_by_table,
    weigh_leak as weigh_leak,
)
from .evidence import (
    Evidence as Evidence,
    run_checks as run_checks,
)
from .findings import (
    Finding as Finding,
    Severity as Severity,
    State as State,
    find_baseline as find_baseline,
)
from .metadata import (
    associate_sources as associate_sources,
    column_aurocs as column_aurocs,
    measure_compression as measure_compression,
    score_by_source as score_by_source,
    tabulate_metadata as tabulate_metadata,
    tabulate_sources as tabulate_sources,
)
from .place import (
    Box as Box,
    Place as Place,
    locate_evidence as locate_evidence,
)
from .register import (
    CHECKS as CHECKS,
    find_codes as find_codes,
)
from .report import (
    AuditReport as AuditReport,
    FilmRelations as FilmRelations,
)
from .verdict import (
    CONFIRMABLE as CONFIRMABLE,
    RULES as RULES,
    Circumstances as Circumstances,
    Draw as Draw,
    Elsewhere as Elsewhere,
    Headline as Headline,
    Reason as Reason,
    Scope as Scope,
    Unequal as Unequal,
    Verdict as Verdict,
    give_verdict as give_verdict,
    is_above_chance as is_above_chance,
    weigh_baselines as weigh_baselines,
)
