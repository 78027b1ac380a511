"""The ladder of timeouts: how much longer than the deadline of a request everything waits that has to do with it.

Two flights of steps begin at the deadline, the variable `request_timeout_seconds`. On the way of an answer, each hop
waits longer than the one behind it, so that the error which a client gets is the gateway's. On the way out of a host
that leaves, each step waits for the one before it, so that an answer which is under way is not cut. One step stands by
itself: how long the gateway lets the engine be silent.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdktf import TerraformVariable

SHORTEST_DEADLINE, LONGEST_DEADLINE = 1, 240
"""What an operator may set. API Gateway ends a stream on which nothing came for 300 seconds.

https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
"""


@dataclass(frozen=True, kw_only=True)
class Timeout:
    """One step.

    Attributes:
        what: What waits.
        margin: Seconds above the deadline.
        why: Why it is above its neighbour.
        baked: Whether it is part of the machine image, which knows no deadline: there it is above the longest one.
    """

    what: str
    margin: int
    why: str
    baked: bool = False

    def after(self, deadline: "TerraformVariable") -> str:
        """Return its seconds as an expression, to be put into `${}`."""
        return f"{deadline.fqn} + {self.margin}"

    @property
    def described(self) -> str:
        """Its seconds in words."""
        return f"{LONGEST_DEADLINE + self.margin} s" if self.baked else f"deadline + {self.margin} s"


API_GATEWAY = Timeout(
    what="API Gateway's integration",
    margin=5,
    why="above the deadline: the gateway's own 504 arrives before API Gateway makes one (R7.2)",
)
IDLE = Timeout(
    what="load balancer's idle timeout",
    margin=10,
    why="above API Gateway's: a connection that it waits on stays open, and the load balancer makes no 504",
)
KEEP_ALIVE = Timeout(
    what="gateway's keep-alive",
    margin=20,
    why="above the load balancer's: it closes idle connections first, and sends nothing into one that the gateway "
    "closes, which would be a 502",
)
DRAIN = Timeout(
    what="gateway's drain after SIGTERM",
    margin=5,
    why="above the deadline: a request that came just before still gets its answer, or its 504",
)
DEREGISTRATION = Timeout(
    what="target group's deregistration delay",
    margin=30,
    why="above drain and idle timeout: Auto Scaling terminates a host when nothing is under way on it any more",
)
DOCKER_STOP = Timeout(
    what="`docker stop` of the container",
    margin=20,
    why="above the longest drain and the second in which the gateway ends after it: then Docker kills",
    baked=True,
)
SYSTEMD_STOP = Timeout(
    what="systemd's stop of the service",
    margin=30,
    why="above `docker stop`, which systemd would kill",
    baked=True,
)
CHECK = Timeout(
    what="gateway's check of a silent engine",
    margin=5,
    why="above the deadline: where whole answers have all places, a healthy engine is silent until one ends, and the "
    "check waits for that place",
)

ANSWER = (API_GATEWAY, IDLE, KEEP_ALIVE)
"""From the gateway towards the client and back to the idle connection."""

LEAVE = (DRAIN, DEREGISTRATION, DOCKER_STOP, SYSTEMD_STOP)
"""From the gateway outwards to the host."""


def table() -> str:
    """Return the ladder as a Markdown table."""
    deadline = (
        f"| gateway's deadline of a request | `request_timeout_seconds`, {SHORTEST_DEADLINE} to {LONGEST_DEADLINE} s "
        "| its wait for a turn included; API Gateway ends a stream that is silent for 300 s |"
    )
    steps = [f"| {step.what} | {step.described} | {step.why} |" for step in (*ANSWER, *LEAVE, CHECK)]
    return "\n".join(["| what waits | how long | why |", "|---|---|---|", deadline, *steps]) + "\n"
