"""Serving: a bundle in, a web page and an HTTP API out.

In: a `Classifier` and `ServeSettings`. Out: answers to requests, bounded in size, time and number.
Nothing that is uploaded is stored.

`hilum serve` alone loads this room: FastAPI, Uvicorn, python-multipart and prometheus-client come
with `pip install "hilum[serve]"`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
