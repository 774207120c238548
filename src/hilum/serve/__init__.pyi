from .server import (
    guarded as guarded,
    run_server as run_server,
)
from .settings import (
    LOOPBACK_NAMES as LOOPBACK_NAMES,
    ServeLimits as ServeLimits,
    ServeSettings as ServeSettings,
)
