"""OpenTofu variables of an inference stack: what an operator may change at `tofu apply`, without a new synthesis."""

from typing import Literal

from cdktf import TerraformVariable, TerraformVariableValidationConfig
from constructs import Construct

from inference_constructs.cost import HOURS_PER_MONTH, LAUNCHES, SPOT_DISCOUNT
from inference_constructs.foundation.timeouts import LONGEST_DEADLINE, SHORTEST_DEADLINE
from inference_constructs.host import USUAL_ANSWER_TOKENS, USUAL_PROMPT_TOKENS
from runtime.settings import Settings
from stacks.environments import MOST_INSTANCES, Environment


def _variable(
    scope: Construct,
    name: str,
    kind: Literal["bool", "number", "string"],
    default: float | str,
    description: str,
    *,
    condition: str | None = None,
    error: str = "",
) -> TerraformVariable:
    """A variable; a value for which the condition does not hold is refused with the error."""
    rule = TerraformVariableValidationConfig(condition=f"${{{condition}}}", error_message=error)
    return TerraformVariable(
        scope,
        name,
        type=kind,
        default=default,
        description=description,
        nullable=False,
        validation=[rule] if condition else None,
    )


def _number(
    scope: Construct, name: str, default: float, description: str, *, condition: str, must_be: str
) -> TerraformVariable:
    error = f"{name} must be {must_be}."
    return _variable(scope, name, "number", default, description, condition=condition, error=error)


def _whole_number(
    scope: Construct, name: str, default: int, description: str, *, condition: str, must_be: str
) -> TerraformVariable:
    """AWS refuses fractions, later and in other words."""
    whole = f"{condition} && floor(var.{name}) == var.{name}"
    return _number(scope, name, default, description, condition=whole, must_be=f"a whole number {must_be}")


def _usage(scope: Construct, name: str, default: int, description: str, *, least: int = 0) -> None:
    """An assumption of the cost forecast; it changes nothing but the forecast's outputs."""
    _number(
        scope, name, default, f"Forecast: {description}", condition=f"var.{name} >= {least}", must_be=f"{least} or more"
    )


def _share(scope: Construct, name: str, default: float, description: str) -> None:
    """An assumption of the cost forecast between nothing and all."""
    _number(
        scope,
        name,
        default,
        f"Forecast: {description}, 0 to 1.",
        condition=f"var.{name} >= 0 && var.{name} <= 1",
        must_be="between 0 and 1",
    )


class ServiceVariables:
    """The variables of one environment; each attribute is the variable of that name."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        hours = environment.office_hours
        self.min_instances = _whole_number(
            scope,
            "min_instances",
            environment.min_instances,
            "Number of GPU hosts that run in office hours; none at other times, so that R3.3 is off."
            if hours
            else "Number of GPU hosts that always run.",
            condition="var.min_instances >= 1",
            must_be="of at least 1: the service never scales to zero",
        )
        self.max_instances = _whole_number(
            scope,
            "max_instances",
            environment.max_instances,
            "Number of GPU hosts that auto-scaling never exceeds.",
            condition=f"var.max_instances >= var.min_instances && var.max_instances <= {MOST_INSTANCES}",
            must_be=f"between min_instances and {MOST_INSTANCES}",
        )
        self.require_api_key = _variable(
            scope,
            "require_api_key",
            "bool",
            environment.deletion_protection if environment.require_api_key is None else environment.require_api_key,
            "Whether inference requests need an API key.",
        )
        deadline = "var.request_timeout_seconds"
        self.request_timeout_seconds = _whole_number(
            scope,
            "request_timeout_seconds",
            int(Settings.request_timeout_seconds),
            "Seconds after which a request that is not answered gets HTTP 504.",
            condition=f"{deadline} >= {SHORTEST_DEADLINE} && {deadline} <= {LONGEST_DEADLINE}",
            must_be=f"between {SHORTEST_DEADLINE} and {LONGEST_DEADLINE}",
        )
        self.rate_limit_per_minute = _whole_number(
            scope,
            "rate_limit_per_minute",
            100,
            "Requests a minute from one client address, above which it gets HTTP 429.",
            condition="var.rate_limit_per_minute >= 10",
            must_be="of at least 10, the smallest limit of a WAF rate-based rule",
        )
        self.alarm_email = self._alarm_email(scope, needed=environment.deletion_protection)
        self.authorizer_concurrency = _whole_number(
            scope,
            "authorizer_concurrency",
            environment.authorizer_concurrency,
            "Key checks at once, reserved for and at most; -1 for the account's shared concurrency.",
            condition="(var.authorizer_concurrency == -1 || var.authorizer_concurrency >= 1)",
            must_be="of at least 1, or -1",
        )
        _usage(scope, "requests_per_month", environment.requests_per_month, "Requests to the API in a month.")
        _usage(scope, "input_tokens_per_request", USUAL_PROMPT_TOKENS, "Tokens of a prompt, on average.")
        _usage(scope, "output_tokens_per_request", USUAL_ANSWER_TOKENS, "Tokens of an answer, on average.", least=1)
        _usage(scope, "page_views_per_month", 10_000, "Views of the demo page in a month.")
        _usage(scope, "concurrent_streams", 8, "Answers that a host writes at once, at most its places.", least=1)
        launches = LAUNCHES + hours.openings_per_month if hours else LAUNCHES
        _usage(scope, "launches_per_month", launches, "Launches of each host in a month.")
        _number(
            scope,
            "hours_per_month",
            hours.hours_per_month if hours else HOURS_PER_MONTH,
            "Forecast: hours a month in which hosts run.",
            condition=f"var.hours_per_month > 0 && var.hours_per_month <= {HOURS_PER_MONTH}",
            must_be=f"above 0 and at most {HOURS_PER_MONTH}",
        )
        _share(
            scope, "spot_share", int(environment.spot_above_minimum), "part of the hosts above min_instances on spot"
        )
        _share(scope, "spot_discount", SPOT_DISCOUNT, "part of the on-demand price that a spot host does not cost")
        _number(
            scope,
            "utilization",
            0.5,
            "Forecast: part of the time in which the hosts are busy, above 0 and at most 1.",
            condition="var.utilization > 0 && var.utilization <= 1",
            must_be="above 0 and at most 1",
        )

    @staticmethod
    def _alarm_email(scope: Construct, *, needed: bool) -> TerraformVariable:
        """Alarms that nobody hears are refused where an environment is worth protecting."""
        valid = 'can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", var.alarm_email))'
        error = "alarm_email must be an e-mail address"
        return _variable(
            scope,
            "alarm_email",
            "string",
            "",
            f"Address that receives the alarms{'' if needed else '; empty for none'}.",
            condition=valid if needed else f'var.alarm_email == "" || {valid}',
            error=f"{error}: this environment is protected, and its alarms must reach somebody."
            if needed
            else f"{error}, or empty.",
        )
