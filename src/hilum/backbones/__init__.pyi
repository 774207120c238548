from .catalog import (
    CATALOG as CATALOG,
    N_CLASSES as N_CLASSES,
    PAPER_SIX as PAPER_SIX,
    find_backbones as find_backbones,
    imagenet_classes as imagenet_classes,
    with_top as with_top,
)
from .compilation import (
    Output as Output,
    compile_backbone as compile_backbone,
    graph_key as graph_key,
    release as release,
)
from .downloads import (
    fetch_weights as fetch_weights,
)
from .engine import (
    Engine as Engine,
    open_engine as open_engine,
)
from .model_files import (
    check_model_file as check_model_file,
)
from .records import (
    BLOCK_CELLS as BLOCK_CELLS,
    BackboneRecord as BackboneRecord,
    HostedWeights as HostedWeights,
    OwnWeights as OwnWeights,
    PackagedWeights as PackagedWeights,
    Pooling as Pooling,
    Scaling as Scaling,
    WeightsSource as WeightsSource,
    fed_differently as fed_differently,
)
from .weights import (
    Backbone as Backbone,
    LocalWeights as LocalWeights,
    describe_file as describe_file,
    hash_file as hash_file,
    how_to_get as how_to_get,
)
