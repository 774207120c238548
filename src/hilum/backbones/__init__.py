"""Backbones: a name or a model file in, a compiled function out.

In: a name of the catalog, or an ONNX or OpenVINO file of the user's; weights that are proven by
hash. Out: an `Engine`: grey uint8 pictures in, pooled features and the last feature map out.
Networks are built and foreign files are parsed in child processes only.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
