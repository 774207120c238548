from .auditing import (
    Audit as Audit,
)
from .auditing import (
    audit as audit,
)
from .auditing import (
    audit_with as audit_with,
)
from .comparing import (
    compare as compare,
)
from .comparing import (
    compare_with as compare_with,
)
from .contrasts import (
    Difference as Difference,
)
from .contrasts import (
    RecipeContrast as RecipeContrast,
)
from .contrasts import (
    Standing as Standing,
)
from .contrasts import (
    StepWorth as StepWorth,
)
from .contrasts import (
    compare_recipes as compare_recipes,
)
from .contrasts import (
    compare_recipes_with as compare_recipes_with,
)
from .external import (
    ENSEMBLE as ENSEMBLE,
)
from .external import (
    PREVALENCE_FREE as PREVALENCE_FREE,
)
from .extraction import (
    StudyContext as StudyContext,
)
from .extraction import (
    open_context as open_context,
)
from .naming import (
    BackboneNames as BackboneNames,
)
from .naming import (
    ImagenetMatch as ImagenetMatch,
)
from .naming import (
    Naming as Naming,
)
from .naming import (
    name_films_with as name_films_with,
)
from .options import (
    STUDY_PANEL as STUDY_PANEL,
)
from .options import (
    AuditOptions as AuditOptions,
)
from .options import (
    CompareOptions as CompareOptions,
)
from .options import (
    Flag as Flag,
)
from .options import (
    FromRunOptions as FromRunOptions,
)
from .options import (
    NamingOptions as NamingOptions,
)
from .options import (
    PlaceOptions as PlaceOptions,
)
from .options import (
    RecipeChanges as RecipeChanges,
)
from .options import (
    RecipesOptions as RecipesOptions,
)
from .options import (
    StudyOptions as StudyOptions,
)
from .options import (
    TrainOptions as TrainOptions,
)
from .options import (
    converted as converted,
)
from .options import (
    option as option,
)
from .options import (
    split_names as split_names,
)
from .options import (
    takes as takes,
)
from .preparation import (
    check_cache as check_cache,
)
from .progress import (
    Watcher as Watcher,
)
from .provenance import (
    Provenance as Provenance,
)
from .provenance import (
    examine as examine,
)
from .recipes import (
    RECIPES as RECIPES,
)
from .recipes import (
    SETTINGS as SETTINGS,
)
from .recipes import (
    find_recipe as find_recipe,
)
from .recipes import (
    find_recipes as find_recipes,
)
from .replication import (
    SOURCE as SOURCE,
)
from .replication import (
    PaperTable as PaperTable,
)
from .replication import (
    Withheld as Withheld,
)
from .replication import (
    set_beside_paper as set_beside_paper,
)
from .results import (
    BackboneResult as BackboneResult,
)
from .results import (
    Comparison as Comparison,
)
from .results import (
    Ensemble as Ensemble,
)
from .results import (
    ExternalFigures as ExternalFigures,
)
from .results import (
    ExternalValidation as ExternalValidation,
)
from .results import (
    Recipe as Recipe,
)
from .results import (
    Seconds as Seconds,
)
from .results import (
    SourceTest as SourceTest,
)
from .results import (
    SourceValidation as SourceValidation,
)
from .results import (
    Unavailable as Unavailable,
)
from .results import (
    WeightsRecord as WeightsRecord,
)
from .training import (
    PastBackbone as PastBackbone,
)
from .training import (
    PastRun as PastRun,
)
from .training import (
    TrainedClassifier as TrainedClassifier,
)
from .training import (
    train as train,
)
from .training import (
    train_again as train_again,
)
from .training import (
    train_with as train_with,
)
