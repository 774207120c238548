from .baselines import (
    SIGHTS as SIGHTS,
)
from .baselines import (
    TITLES as TITLES,
)
from .baselines import (
    Baseline as Baseline,
)
from .baselines import (
    BaselineName as BaselineName,
)
from .baselines import (
    LeakWorth as LeakWorth,
)
from .baselines import (
    measure_baseline as measure_baseline,
)
from .baselines import (
    score_by_forest as score_by_forest,
)
from .baselines import (
    weigh_leak as weigh_leak,
)
from .evidence import (
    Evidence as Evidence,
)
from .evidence import (
    run_checks as run_checks,
)
from .findings import (
    Finding as Finding,
)
from .findings import (
    Severity as Severity,
)
from .findings import (
    State as State,
)
from .findings import (
    find_baseline as find_baseline,
)
from .metadata import (
    associate_sources as associate_sources,
)
from .metadata import (
    column_aurocs as column_aurocs,
)
from .metadata import (
    score_by_source as score_by_source,
)
from .metadata import (
    tabulate_metadata as tabulate_metadata,
)
from .metadata import (
    tabulate_sources as tabulate_sources,
)
from .register import (
    CHECKS as CHECKS,
)
from .register import (
    find_codes as find_codes,
)
from .report import (
    AuditReport as AuditReport,
)
from .report import (
    FilmRelations as FilmRelations,
)
from .verdict import (
    RULES as RULES,
)
from .verdict import (
    Circumstances as Circumstances,
)
from .verdict import (
    Headline as Headline,
)
from .verdict import (
    Reason as Reason,
)
from .verdict import (
    Verdict as Verdict,
)
from .verdict import (
    Weight as Weight,
)
from .verdict import (
    give_verdict as give_verdict,
)
from .verdict import (
    is_above_chance as is_above_chance,
)
from .verdict import (
    weigh_baseline as weigh_baseline,
)
