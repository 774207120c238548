from .classifier import Classifier as Classifier, Prediction as Prediction
from .cohort import Cohort as Cohort
from .errors import HilumError as HilumError
from .report import (
    Report as Report,
    save_audit as save_audit,
    save_bundle as save_bundle,
    save_recipes as save_recipes,
    save_run as save_run,
)
from .runs import train_from_run as train_from_run
from .studies import (
    Audit as Audit,
    Comparison as Comparison,
    audit as audit,
    compare as compare,
    compare_recipes as compare_recipes,
    train as train,
)
from .version import __version__ as __version__
