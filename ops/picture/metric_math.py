"""CloudWatch's metric math, as far as the dashboard and the alarms use it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from simpleeval import SimpleEval  # pyright: ignore[reportMissingTypeStubs]

Series: TypeAlias = NDArray[np.float64]

_OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.divide,
    ast.Eq: operator.eq,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluate(expression: str, series: Mapping[str, Series], *, times: NDArray[np.datetime64], period: int) -> Series:
    """Return the expression's series.

    Args:
        expression: Metric math.
        series: The series that it refers to, by id.
        times: Start of each period, UTC.
        period: Seconds.

    Raises:
        simpleeval.InvalidExpression: it names an id or a function that is not there.
        SyntaxError: it is no expression.
    """
    months = times.astype("datetime64[M]").astype(int)

    def always(value: Any) -> Callable[[Series], Any]:
        return lambda _series: value

    def fill(values: Series, missing: float) -> Series:
        return np.where(np.isnan(values), missing, values)

    functions: dict[str, Callable[..., Any]] = {
        "PERIOD": always(period),
        "IF": np.where,
        "FILL": fill,
        "MAX": np.max,
        "YEAR": always(1970 + months // 12),
        "MONTH": always(months % 12 + 1),
        "RUNNING_SUM": np.cumsum,
    }
    evaluator: Any = SimpleEval(operators=_OPERATORS, functions=functions, names=dict(series))
    return np.broadcast_to(np.asarray(evaluator.eval(expression), dtype=np.float64), times.shape)
