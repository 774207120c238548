from .answers import (
    ExplainedJson as ExplainedJson,
)
from .answers import (
    ExplainJson as ExplainJson,
)
from .answers import (
    ModelJson as ModelJson,
)
from .answers import (
    NamedExplanationJson as NamedExplanationJson,
)
from .answers import (
    PicturesJson as PicturesJson,
)
from .answers import (
    PredictionsJson as PredictionsJson,
)
from .answers import (
    PredictJson as PredictJson,
)
from .answers import (
    ProblemJson as ProblemJson,
)
from .answers import (
    describe_explanation as describe_explanation,
)
from .answers import (
    describe_fault as describe_fault,
)
from .answers import (
    describe_film as describe_film,
)
from .bundle import (
    Bundle as Bundle,
)
from .bundle import (
    check_bundle_place as check_bundle_place,
)
from .bundle import (
    read_bundle as read_bundle,
)
from .bundle import (
    versions as versions,
)
from .bundle import (
    write_bundle as write_bundle,
)
from .classifier import (
    Classifier as Classifier,
)
from .explain.explanation import (
    Explanation as Explanation,
)
from .explain.explanation import (
    ExplanationOptions as ExplanationOptions,
)
from .explain.explanation import (
    RegionShare as RegionShare,
)
from .explain.explanation import (
    explain_film as explain_film,
)
from .explain.explanation import (
    find_class as find_class,
)
from .explain.heatmap import (
    AGAINST_RGB as AGAINST_RGB,
)
from .explain.heatmap import (
    FOR_RGB as FOR_RGB,
)
from .explain.heatmap import (
    enlarge_cells as enlarge_cells,
)
from .explain.heatmap import (
    heatmap_overlay as heatmap_overlay,
)
from .explain.heatmap import (
    scale_of as scale_of,
)
from .explain.references import (
    ReferenceMaps as ReferenceMaps,
)
from .explain.references import (
    choose_reference_films as choose_reference_films,
)
from .explain.references import (
    make_references as make_references,
)
from .export.files import (
    Exported as Exported,
)
from .export.files import (
    ExportNotesJson as ExportNotesJson,
)
from .export.files import (
    export_bundle as export_bundle,
)
from .graph import (
    FeatureGraph as FeatureGraph,
)
from .graph import (
    hash_graph as hash_graph,
)
from .guard import (
    DomainGuard as DomainGuard,
)
from .guard import (
    fit_guard as fit_guard,
)
from .heads import (
    HeadStack as HeadStack,
)
from .prediction import (
    FilmFailure as FilmFailure,
)
from .prediction import (
    Prediction as Prediction,
)
from .records import (
    SCHEMA as SCHEMA,
)
from .records import (
    BoundedJson as BoundedJson,
)
from .records import (
    BundleRecord as BundleRecord,
)
from .records import (
    CohortVerdict as CohortVerdict,
)
from .records import (
    EstimateJson as EstimateJson,
)
from .records import (
    Figure as Figure,
)
from .records import (
    FrozenBackbone as FrozenBackbone,
)
from .records import (
    GraphReference as GraphReference,
)
from .records import (
    PolicyJson as PolicyJson,
)
from .records import (
    StudyJson as StudyJson,
)
from .records import (
    WeightsJson as WeightsJson,
)
from .records import (
    calling_text as calling_text,
)
from .records import (
    write_record as write_record,
)
