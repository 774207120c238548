from .audit import (
    save_audit as save_audit,
)
from .comparison import (
    Report as Report,
    save_run as save_run,
)
from .explanation import (
    RESEARCH_ONLY as RESEARCH_ONLY,
    ExplanationWords as ExplanationWords,
    draw_explanation as draw_explanation,
    place_pictures as place_pictures,
    save_picture as save_picture,
    word_explanation as word_explanation,
)
from .model_card import (
    save_bundle as save_bundle,
)
from .naming import (
    LESSON as LESSON,
    save_naming as save_naming,
)
from .published import (
    FILMS_NOTE as FILMS_NOTE,
    MISS_MARK as MISS_MARK,
    basis_text as basis_text,
    gloss_texts as gloss_texts,
    reading_texts as reading_texts,
    set_title as set_title,
)
from .recipes import (
    save_recipes as save_recipes,
    worth_text as worth_text,
)
from .sections.verdict import (
    training_text as training_text,
    unverified_text as unverified_text,
)
from .terminal import (
    fits as fits,
    plain as plain,
    printable as printable,
    tell_audit as tell_audit,
    tell_excluded as tell_excluded,
    tell_looked as tell_looked,
    tell_recipes as tell_recipes,
    tell_result as tell_result,
    tell_summary as tell_summary,
    tell_undecided as tell_undecided,
)
