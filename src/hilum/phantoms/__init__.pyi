from .cohort import (
    PHANTOMS_VERSION as PHANTOMS_VERSION,
)
from .cohort import (
    write_phantoms as write_phantoms,
)
from .plan import (
    Plants as Plants,
)
from .plan import (
    parse_plants as parse_plants,
)
from .plan import (
    plan_phantoms as plan_phantoms,
)
