from .closed_form import (
    score_in_closed_form as score_in_closed_form,
    solve_heads as solve_heads,
)
from .estimator import (
    HeadClassifier as HeadClassifier,
)
from .recipe import (
    HeadRecipe as HeadRecipe,
    HeadWeights as HeadWeights,
)
from .store import (
    load_or_train_heads as load_or_train_heads,
)
from .training import (
    History as History,
    TrainedHeads as TrainedHeads,
    train_heads as train_heads,
)
