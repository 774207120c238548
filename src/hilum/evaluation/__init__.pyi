from .added_value import (
    measure_gain as measure_gain,
)
from .added_value import (
    stand_beside as stand_beside,
)
from .calibration import (
    Calibration as Calibration,
)
from .calibration import (
    CalibrationFigures as CalibrationFigures,
)
from .calibration import (
    calibrate as calibrate,
)
from .calibration import (
    calibrate_heads as calibrate_heads,
)
from .comparison import (
    SIGNIFICANCE_LEVEL as SIGNIFICANCE_LEVEL,
)
from .comparison import (
    adjust_holm as adjust_holm,
)
from .comparison import (
    compare_pairs as compare_pairs,
)
from .comparison import (
    rank_tiers as rank_tiers,
)
from .decisions import (
    Decisions as Decisions,
)
from .decisions import (
    decide as decide,
)
from .decisions import (
    decide_as_chosen as decide_as_chosen,
)
from .discrimination import (
    auroc_score as auroc_score,
)
from .discrimination import (
    trace_roc as trace_roc,
)
from .external import (
    external_metrics as external_metrics,
)
from .external import (
    measure_drop as measure_drop,
)
from .metrics import (
    count_confusion as count_confusion,
)
from .metrics import (
    evaluate as evaluate,
)
from .operating_point import (
    apply_externally as apply_externally,
)
from .operating_point import (
    call_tested as call_tested,
)
from .operating_point import (
    head_thresholds as head_thresholds,
)
from .operating_point import (
    judge_calls as judge_calls,
)
from .operating_point import (
    parse_policy as parse_policy,
)
from .overlap import (
    FilmCalls as FilmCalls,
)
from .overlap import (
    OverlapDifference as OverlapDifference,
)
from .overlap import (
    compare_overlapping as compare_overlapping,
)
from .proportions import (
    clopper_pearson as clopper_pearson,
)
from .results import (
    SMALLEST_PROBABILITY as SMALLEST_PROBABILITY,
)
from .results import (
    Calibrator as Calibrator,
)
from .results import (
    Confusion as Confusion,
)
from .results import (
    Estimate as Estimate,
)
from .results import (
    Evaluation as Evaluation,
)
from .results import (
    Interval as Interval,
)
from .results import (
    OperatingPoint as OperatingPoint,
)
from .results import (
    OperatingPolicy as OperatingPolicy,
)
from .results import (
    PairedComparison as PairedComparison,
)
from .results import (
    PolicyKind as PolicyKind,
)
from .results import (
    RocCurve as RocCurve,
)
from .results import (
    Spread as Spread,
)
from .scored_films import (
    HeadScores as HeadScores,
)
from .scored_films import (
    ScoredFilms as ScoredFilms,
)
from .scored_films import (
    fitting_films as fitting_films,
)
from .scored_films import (
    fold_inflation as fold_inflation,
)
from .selection import (
    NestedPick as NestedPick,
)
from .selection import (
    pick_by_validation as pick_by_validation,
)
from .subgroups import (
    Subgroup as Subgroup,
)
from .subgroups import (
    SubgroupComparison as SubgroupComparison,
)
from .subgroups import (
    age_band as age_band,
)
from .subgroups import (
    compare_subgroups as compare_subgroups,
)
from .usefulness import (
    DecisionCurve as DecisionCurve,
)
from .usefulness import (
    PredictiveValues as PredictiveValues,
)
