"""The required scaling rules, as the simulation knows them."""

from ops.simulation.rules import Rule, ScalingRules, Step

OUT = Rule(
    above=True,
    threshold=70,
    period_seconds=60,
    evaluation_periods=3,
    datapoints_to_alarm=3,
    steps=(Step(lower=0, upper=20, adjustment=1), Step(lower=20, upper=float("inf"), adjustment=2)),
)
IN = Rule(
    above=False,
    threshold=30,
    period_seconds=60,
    evaluation_periods=10,
    datapoints_to_alarm=10,
    steps=(Step(lower=float("-inf"), upper=0, adjustment=-1),),
)
RULES = ScalingRules(
    instance_type="g4dn.xlarge",
    region="us-east-1",
    minimum=1,
    maximum=5,
    warmup_seconds=360,
    health_check_seconds=60,
    unhealthy_seconds=65,
    request_timeout_seconds=30,
    scale_on="gpu",
    rules=(OUT, IN),
)
