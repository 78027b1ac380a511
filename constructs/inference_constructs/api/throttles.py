"""How many requests API Gateway lets through, whoever sends them.

A stage's throttle is each method's own, not one for all of them: `*/*` is the default of those that have none.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from dataclasses import dataclass

from inference_constructs.api.routes import OPERATIONS, Operation


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """A token bucket: `requests_per_second` on average, `burst` at once."""

    requests_per_second: int
    burst: int


INFERENCE_THROTTLE = Throttle(requests_per_second=25, burst=50)
"""For all clients of one inference route together. Behind the limit by address it bounds what reaches the hosts in a
flood from many addresses."""

OTHER_THROTTLE = Throttle(requests_per_second=10, burst=20)
"""The same for each other method: `/health`, the list of models, and what answers preflights and unknown routes.

A browser asks one preflight in two hours, and a monitor of `/health` one in seconds.
"""

KEY_THROTTLE = Throttle(requests_per_second=10, burst=20)
"""For one API key, from however many addresses."""

KEY_REQUESTS_PER_DAY = 50_000


def method_path(operation: Operation) -> str:
    """Name of an operation's method in a stage's settings, where a slash of its path is `~1`.

    The provider passes it on as it is: https://github.com/hashicorp/terraform-provider-aws/issues/9738
    """
    return f"{operation.path.replace('/', '~1')}/{operation.method}"


def paths() -> set[str]:
    """Every path of the API: the operations', those above them, the root, and the rest."""
    parts = [operation.path.split("/") for operation in OPERATIONS]
    return {"/".join(each[:length]) for each in parts for length in range(1, len(each) + 1)} | {"/{proxy+}"}


def requests_per_second(*, with_key: bool) -> int:
    """What all methods together let through, at most, on average.

    Args:
        with_key: Whether what needs a key is counted too.
    """
    counted = [operation for operation in OPERATIONS if with_key or not operation.needs_key]
    throttles = [INFERENCE_THROTTLE if operation.is_inference else OTHER_THROTTLE for operation in counted]
    return sum(throttle.requests_per_second for throttle in [*throttles, *[OTHER_THROTTLE] * len(paths())])
