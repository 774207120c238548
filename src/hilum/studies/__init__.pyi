from .auditing import (
    Audit as Audit,
    audit as audit,
    audit_with as audit_with,
)
from .comparing import (
    compare as compare,
    compare_with as compare_with,
)
from .contrasts import (
    Difference as Difference,
    RecipeContrast as RecipeContrast,
    Standing as Standing,
    StepWorth as StepWorth,
    compare_recipes as compare_recipes,
    compare_recipes_with as compare_recipes_with,
)
from .external import (
    ENSEMBLE as ENSEMBLE,
    PREVALENCE_FREE as PREVALENCE_FREE,
)
from .extraction import (
    StudyContext as StudyContext,
    open_context as open_context,
)
from .naming import (
    BackboneNames as BackboneNames,
    ImagenetMatch as ImagenetMatch,
    Naming as Naming,
    name_films_with as name_films_with,
)
from .options import (
    STUDY_PANEL as STUDY_PANEL,
    AuditOptions as AuditOptions,
    CompareOptions as CompareOptions,
    Flag as Flag,
    FromRunOptions as FromRunOptions,
    NamingOptions as NamingOptions,
    PlaceOptions as PlaceOptions,
    RecipeChanges as RecipeChanges,
    RecipesOptions as RecipesOptions,
    StudyOptions as StudyOptions,
    TrainOptions as TrainOptions,
    converted as converted,
    option as option,
    split_names as split_names,
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
    examine as examine,
)
from .recipes import (
    RECIPES as RECIPES,
    SETTINGS as SETTINGS,
    find_recipe as find_recipe,
    find_recipes as find_recipes,
)
from .replication import (
    SOURCE as SOURCE,
    PaperTable as PaperTable,
    Withheld as Withheld,
    set_beside_paper as set_beside_paper,
)
from .results import (
    BackboneResult as BackboneResult,
    Comparison as Comparison,
    Ensemble as Ensemble,
    ExternalFigures as ExternalFigures,
    ExternalValidation as ExternalValidation,
    Recipe as Recipe,
    SourceTest as SourceTest,
    SourceValidation as SourceValidation,
    WeightsRecord as WeightsRecord,
)
from .summary import (
    summarise as summarise,
    summarise_audit as summarise_audit,
    weights_of as weights_of,
)
from .training import (
    PastBackbone as PastBackbone,
    PastRun as PastRun,
    TrainedClassifier as TrainedClassifier,
    train as train,
    train_again as train_again,
    train_with as train_with,
)
