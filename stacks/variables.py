"""OpenTofu variables of an inference stack: what an operator may change at `tofu apply`, without a new synthesis."""

from cdktf import TerraformVariable, TerraformVariableValidationConfig
from constructs import Construct

from stacks.environments import Environment


def _variable(
    scope: Construct, name: str, kind: str, default: object, description: str, valid: str = "", error: str = ""
) -> TerraformVariable:
    rules = [TerraformVariableValidationConfig(condition=f"${{{valid}}}", error_message=error)] if valid else None
    return TerraformVariable(
        scope, name, type=kind, default=default, description=description, nullable=False, validation=rules
    )


def _whole(name: str, condition: str) -> str:
    """Condition that holds for whole numbers only: AWS refuses fractions, later and in other words."""
    return f"{condition} && floor(var.{name}) == var.{name}"


def _usage(scope: Construct, name: str, default: int, description: str) -> None:
    """An assumption of the cost forecast; it changes nothing but the forecast's outputs."""
    rule, error = f"var.{name} >= 0", f"{name} must be 0 or more."
    _variable(scope, name, "number", default, f"Forecast: {description}", rule, error)


class ServiceVariables:
    """The variables of one environment; each attribute is the variable of that name."""

    def __init__(self, scope: Construct, environment: Environment) -> None:
        self.min_instances = _variable(
            scope,
            "min_instances",
            "number",
            environment.min_instances,
            "Number of GPU hosts that always run.",
            _whole("min_instances", "var.min_instances >= 1"),
            "min_instances must be a whole number of at least 1: the service never scales to zero.",
        )
        self.max_instances = _variable(
            scope,
            "max_instances",
            "number",
            environment.max_instances,
            "Number of GPU hosts that auto-scaling never exceeds.",
            _whole("max_instances", "var.max_instances >= var.min_instances && var.max_instances <= 100"),
            "max_instances must be a whole number between min_instances and 100.",
        )
        self.require_api_key = _variable(
            scope,
            "require_api_key",
            "bool",
            environment.deletion_protection if environment.require_api_key is None else environment.require_api_key,
            "Whether inference requests need an API key.",
        )
        self.request_timeout_seconds = _variable(
            scope,
            "request_timeout_seconds",
            "number",
            30,
            "Seconds after which a request that is not answered gets HTTP 504.",
            _whole("request_timeout_seconds", "var.request_timeout_seconds >= 1 && var.request_timeout_seconds <= 240"),
            "request_timeout_seconds must be a whole number between 1 and 240.",
        )
        self.rate_limit_per_minute = _variable(
            scope,
            "rate_limit_per_minute",
            "number",
            100,
            "Requests a minute from one client address, above which it gets HTTP 429.",
            _whole("rate_limit_per_minute", "var.rate_limit_per_minute >= 10"),
            "rate_limit_per_minute must be a whole number of at least 10, the smallest limit of a WAF rate-based rule.",
        )
        self.alarm_email = self._alarm_email(scope, needed=environment.deletion_protection)
        self.authorizer_concurrency = _variable(
            scope,
            "authorizer_concurrency",
            "number",
            environment.authorizer_concurrency,
            "Key checks at once, reserved for and at most; -1 for the account's shared concurrency.",
            _whole("authorizer_concurrency", "(var.authorizer_concurrency == -1 || var.authorizer_concurrency >= 1)"),
            "authorizer_concurrency must be a whole number of at least 1, or -1.",
        )
        _usage(scope, "requests_per_month", environment.requests_per_month, "Requests to the API in a month.")
        _usage(scope, "input_tokens_per_request", 200, "Tokens of a prompt, on average.")
        _usage(scope, "output_tokens_per_request", 200, "Tokens of an answer, on average.")
        _usage(scope, "page_views_per_month", 10_000, "Views of the demo page in a month.")
        _usage(scope, "concurrent_streams", 8, "Answers that a host generates at once, each at full speed.")
        _variable(
            scope,
            "utilization",
            "number",
            0.5,
            "Forecast: part of the time in which the hosts are busy, above 0 and at most 1.",
            "var.utilization > 0 && var.utilization <= 1",
            "utilization must be above 0 and at most 1.",
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
            valid if needed else f'var.alarm_email == "" || {valid}',
            f"{error}: this environment is protected, and its alarms must reach somebody."
            if needed
            else f"{error}, or empty.",
        )
