"""The dashboard, drawn with sample data."""

from ops.picture.drawing import draw

__all__ = ["draw"]
