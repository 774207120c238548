from .catalog import (
    CATALOG as CATALOG,
)
from .catalog import (
    N_CLASSES as N_CLASSES,
)
from .catalog import (
    PAPER_SIX as PAPER_SIX,
)
from .catalog import (
    find_backbones as find_backbones,
)
from .catalog import (
    imagenet_classes as imagenet_classes,
)
from .catalog import (
    with_top as with_top,
)
from .compilation import (
    Output as Output,
)
from .compilation import (
    compile_backbone as compile_backbone,
)
from .compilation import (
    graph_key as graph_key,
)
from .compilation import (
    release as release,
)
from .downloads import (
    fetch_weights as fetch_weights,
)
from .engine import (
    Engine as Engine,
)
from .engine import (
    open_engine as open_engine,
)
from .model_files import (
    check_model_file as check_model_file,
)
from .records import (
    BLOCK_CELLS as BLOCK_CELLS,
)
from .records import (
    BackboneRecord as BackboneRecord,
)
from .records import (
    HostedWeights as HostedWeights,
)
from .records import (
    OwnWeights as OwnWeights,
)
from .records import (
    PackagedWeights as PackagedWeights,
)
from .records import (
    Pooling as Pooling,
)
from .records import (
    Scaling as Scaling,
)
from .records import (
    WeightsSource as WeightsSource,
)
from .records import (
    fed_differently as fed_differently,
)
from .weights import (
    Backbone as Backbone,
)
from .weights import (
    LocalWeights as LocalWeights,
)
from .weights import (
    describe_file as describe_file,
)
from .weights import (
    hash_file as hash_file,
)
from .weights import (
    how_to_get as how_to_get,
)
