from .cohort import (
    PHANTOMS_VERSION as PHANTOMS_VERSION,
    write_phantoms as write_phantoms,
)
from .plan import (
    Plants as Plants,
    parse_plants as parse_plants,
    plan_phantoms as plan_phantoms,
)
