"""Writes an OpenVINO graph as an ONNX file, operation by operation.

One graph is built, in OpenVINO's operations, and written in either format; neither TensorFlow
nor PyTorch is needed for it. Imported only when an ONNX file is asked for: the `onnx` package
comes with the extra of that name.
"""
