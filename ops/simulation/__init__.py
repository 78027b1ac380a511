"""A model of the fleet under a trace of requests."""

from ops.simulation.fleet import Outcome, Signal, simulate
from ops.simulation.rules import ScalingRules, read_rules
from ops.simulation.synthetic_trace import TRACE
from ops.simulation.trace import Request, read_trace, scaled

__all__ = [
    "TRACE",
    "Outcome",
    "Request",
    "ScalingRules",
    "Signal",
    "read_rules",
    "read_trace",
    "scaled",
    "simulate",
]
