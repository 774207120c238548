from .calibration import (
    calibrate as calibrate,
    calibrate_heads as calibrate_heads,
    pool_calibrated as pool_calibrated,
    pool_externally as pool_externally,
    recalibrate as recalibrate,
)
from .comparison import (
    SIGNIFICANCE_LEVEL as SIGNIFICANCE_LEVEL,
    adjust_holm as adjust_holm,
    compare_pairs as compare_pairs,
    rank_tiers as rank_tiers,
)
from .decisions import (
    decide as decide,
    decide_as_chosen as decide_as_chosen,
    weigh_calls as weigh_calls,
)
from .differences import (
    compare_baseline as compare_baseline,
    compare_overlapping as compare_overlapping,
    measure_drop as measure_drop,
    measure_gain as measure_gain,
)
from .discrimination import (
    auroc_score as auroc_score,
    inflation_of_part as inflation_of_part,
    trace_roc as trace_roc,
)
from .metrics import (
    count_confusion as count_confusion,
    evaluate as evaluate,
    external_metrics as external_metrics,
)
from .operating_point import (
    apply_externally as apply_externally,
    call_tested as call_tested,
    head_thresholds as head_thresholds,
    judge_calls as judge_calls,
    parse_policy as parse_policy,
)
from .proportions import (
    clopper_pearson as clopper_pearson,
    clustered_proportion as clustered_proportion,
)
from .results import (
    SMALLEST_PROBABILITY as SMALLEST_PROBABILITY,
    Calibration as Calibration,
    CalibrationFigures as CalibrationFigures,
    Calibrator as Calibrator,
    Confusion as Confusion,
    DecisionCurve as DecisionCurve,
    Decisions as Decisions,
    Estimate as Estimate,
    Evaluation as Evaluation,
    Interval as Interval,
    NestedPick as NestedPick,
    NetBenefit as NetBenefit,
    OperatingPoint as OperatingPoint,
    OperatingPolicy as OperatingPolicy,
    OverlapDifference as OverlapDifference,
    PairedComparison as PairedComparison,
    PolicyKind as PolicyKind,
    PredictiveValues as PredictiveValues,
    Recalibration as Recalibration,
    RocCurve as RocCurve,
    Spread as Spread,
    Subgroup as Subgroup,
    SubgroupComparison as SubgroupComparison,
)
from .scored_films import (
    HeadScores as HeadScores,
    ScoredFilms as ScoredFilms,
    fold_inflation as fold_inflation,
)
from .selection import pick_by_validation as pick_by_validation
from .strata import stratify_auroc as stratify_auroc
from .subgroups import age_band as age_band, compare_subgroups as compare_subgroups
