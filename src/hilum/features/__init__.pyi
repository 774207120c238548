from .extraction import (
    Extraction as Extraction,
)
from .extraction import (
    ExtractionCost as ExtractionCost,
)
from .extraction import (
    FeatureTable as FeatureTable,
)
from .extraction import (
    extract_features as extract_features,
)
from .masks import (
    LungMask as LungMask,
)
from .masks import (
    find_masks as find_masks,
)
from .masks import (
    load_mask as load_mask,
)
from .traits import (
    CELLS_PER_SIDE as CELLS_PER_SIDE,
)
from .traits import (
    N_LEVELS as N_LEVELS,
)
from .traits import (
    FileTraits as FileTraits,
)
from .traits import (
    FilmTraits as FilmTraits,
)
from .traits import (
    bin_levels as bin_levels,
)
from .traits import (
    measure_traits as measure_traits,
)
from .views import (
    VIEWS_VERSION as VIEWS_VERSION,
)
from .views import (
    FilmViews as FilmViews,
)
from .views import (
    Part as Part,
)
from .views import (
    View as View,
)
from .views import (
    resize_film as resize_film,
)
from .views import (
    rotated_views as rotated_views,
)
from .views import (
    show_part as show_part,
)
