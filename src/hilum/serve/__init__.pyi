from .server import (
    guarded as guarded,
)
from .server import (
    run_server as run_server,
)
from .settings import (
    LOOPBACK_NAMES as LOOPBACK_NAMES,
)
from .settings import (
    ServeLimits as ServeLimits,
)
from .settings import (
    ServeSettings as ServeSettings,
)
