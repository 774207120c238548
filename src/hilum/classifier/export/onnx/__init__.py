"""Writes an OpenVINO graph as an ONNX file, operation by operation."""
