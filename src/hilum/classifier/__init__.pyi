from .answers import (
    ExplainedJson as ExplainedJson,
    ExplainJson as ExplainJson,
    ModelJson as ModelJson,
    ModelVerdictJson as ModelVerdictJson,
    NamedExplanationJson as NamedExplanationJson,
    PicturesJson as PicturesJson,
    PredictionsJson as PredictionsJson,
    PredictJson as PredictJson,
    ProblemJson as ProblemJson,
    describe_explanation as describe_explanation,
    describe_fault as describe_fault,
    describe_film as describe_film,
)
from .bundle import (
    Bundle as Bundle,
    check_bundle_place as check_bundle_place,
    read_bundle as read_bundle,
    versions as versions,
    write_bundle as write_bundle,
)
from .classifier import (
    Classifier as Classifier,
)
from .explain.explanation import (
    Explanation as Explanation,
    ExplanationOptions as ExplanationOptions,
    RegionShare as RegionShare,
    explain_film as explain_film,
    find_class as find_class,
)
from .explain.heatmap import (
    AGAINST_RGB as AGAINST_RGB,
    FOR_RGB as FOR_RGB,
    enlarge_cells as enlarge_cells,
    heatmap_overlay as heatmap_overlay,
    scale_of as scale_of,
)
from .explain.references import (
    ReferenceMaps as ReferenceMaps,
    choose_reference_films as choose_reference_films,
    make_references as make_references,
)
from .export.files import (
    Exported as Exported,
    ExportNotesJson as ExportNotesJson,
    export_bundle as export_bundle,
)
from .graph import (
    FeatureGraph as FeatureGraph,
    hash_graph as hash_graph,
)
from .guard import (
    DomainGuard as DomainGuard,
    fit_guard as fit_guard,
)
from .heads import (
    HeadStack as HeadStack,
)
from .prediction import (
    FilmFailure as FilmFailure,
    Prediction as Prediction,
)
from .records import (
    SCHEMA as SCHEMA,
    BoundedJson as BoundedJson,
    BundleRecord as BundleRecord,
    CohortVerdict as CohortVerdict,
    EstimateJson as EstimateJson,
    Figure as Figure,
    FrozenBackbone as FrozenBackbone,
    GraphReference as GraphReference,
    PolicyJson as PolicyJson,
    StudyJson as StudyJson,
    WeightsJson as WeightsJson,
    calling_text as calling_text,
    write_record as write_record,
)
