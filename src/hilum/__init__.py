"""Hilum: transfer learning on chest X-rays, with the honesty built in."""
