"""Studies: a cohort and options in, a finished study out.

In: `Cohort` and `StudyOptions`. Out: `Comparison`, `Audit`, `RecipeContrast`, `Naming` or
`TrainedClassifier`. The only room that knows the order of the stages.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
