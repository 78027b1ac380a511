"""A CloudWatch metric, as whoever publishes it hands it on."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A CloudWatch metric.

    Attributes:
        namespace: Namespace, such as AWS/ApiGateway.
        name: Metric's name.
        dimensions: Exactly the dimensions under which it is published; with others, CloudWatch finds nothing.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
