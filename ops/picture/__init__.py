"""The dashboard, drawn with sample data."""

from ops.picture.metric_math import Series, evaluate
from ops.picture.sample_metrics import sample

__all__ = ["Series", "evaluate", "sample"]
