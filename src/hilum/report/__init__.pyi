from .audit import (
    save_audit as save_audit,
)
from .comparison import (
    Report as Report,
)
from .comparison import (
    save_run as save_run,
)
from .explanation import (
    RESEARCH_ONLY as RESEARCH_ONLY,
)
from .explanation import (
    ExplanationWords as ExplanationWords,
)
from .explanation import (
    draw_explanation as draw_explanation,
)
from .explanation import (
    place_pictures as place_pictures,
)
from .explanation import (
    save_picture as save_picture,
)
from .explanation import (
    word_explanation as word_explanation,
)
from .model_card import (
    save_bundle as save_bundle,
)
from .naming import (
    LESSON as LESSON,
)
from .naming import (
    save_naming as save_naming,
)
from .published import (
    FILMS_NOTE as FILMS_NOTE,
)
from .published import (
    MISS_MARK as MISS_MARK,
)
from .published import (
    basis_text as basis_text,
)
from .published import (
    gloss_texts as gloss_texts,
)
from .published import (
    reading_texts as reading_texts,
)
from .published import (
    set_title as set_title,
)
from .recipes import (
    save_recipes as save_recipes,
)
from .recipes import (
    worth_text as worth_text,
)
from .sections.verdict import (
    training_text as training_text,
)
from .sections.verdict import (
    unverified_text as unverified_text,
)
from .terminal import (
    HEADLINE_COLOURS as HEADLINE_COLOURS,
)
from .terminal import (
    fits as fits,
)
from .terminal import (
    plain as plain,
)
from .terminal import (
    printable as printable,
)
from .terminal import (
    tell_audit as tell_audit,
)
from .terminal import (
    tell_excluded as tell_excluded,
)
from .terminal import (
    tell_recipes as tell_recipes,
)
from .terminal import (
    tell_result as tell_result,
)
from .terminal import (
    tell_undecided as tell_undecided,
)
