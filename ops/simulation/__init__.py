"""A model of the fleet under a trace of requests."""

from ops.simulation.fleet import Outcome, simulate
from ops.simulation.flow import SAMPLED, simulate_flow
from ops.simulation.rules import ScalingRules, read_rules
from ops.simulation.synthetic_trace import BURST_TRACE, TRACE
from ops.simulation.trace import Request, read_trace, scaled

__all__ = [
    "BURST_TRACE",
    "SAMPLED",
    "TRACE",
    "Outcome",
    "Request",
    "ScalingRules",
    "read_rules",
    "read_trace",
    "scaled",
    "simulate",
    "simulate_flow",
]
