from .estimator import (
    HeadClassifier as HeadClassifier,
)
from .recipe import (
    HeadRecipe as HeadRecipe,
    HeadWeights as HeadWeights,
)
from .training import (
    History as History,
    TrainedHeads as TrainedHeads,
    train_heads as train_heads,
)
