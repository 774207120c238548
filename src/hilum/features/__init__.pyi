from .extraction import (
    Extraction as Extraction,
    ExtractionCost as ExtractionCost,
    FeatureTable as FeatureTable,
    extract_features as extract_features,
    stream_maps as stream_maps,
)
from .lungs import (
    find_lungs as find_lungs,
)
from .masks import (
    LungMask as LungMask,
    find_masks as find_masks,
    load_mask as load_mask,
)
from .traits import (
    CELLS_PER_SIDE as CELLS_PER_SIDE,
    N_LEVELS as N_LEVELS,
    FileTraits as FileTraits,
    FilmTraits as FilmTraits,
    bin_levels as bin_levels,
    measure_traits as measure_traits,
)
from .views import (
    UPRIGHT as UPRIGHT,
    VIEWS_VERSION as VIEWS_VERSION,
    FilmViews as FilmViews,
    Part as Part,
    View as View,
    resize_film as resize_film,
    rotated_views as rotated_views,
    share_in_frame as share_in_frame,
    show_part as show_part,
)
