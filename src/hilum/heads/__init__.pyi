from .estimator import (
    HeadClassifier as HeadClassifier,
)
from .recipe import (
    HeadRecipe as HeadRecipe,
)
from .recipe import (
    HeadWeights as HeadWeights,
)
from .training import (
    History as History,
)
from .training import (
    TrainedHeads as TrainedHeads,
)
from .training import (
    train_heads as train_heads,
)
