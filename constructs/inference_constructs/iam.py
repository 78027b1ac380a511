"""IAM policy documents, as JSON."""

import json
from collections.abc import Mapping
from typing import TypeAlias

from inference_constructs.account import Account

Statement: TypeAlias = Mapping[str, object]
"""One statement of a policy, in IAM's own words (`Effect`, `Action`, `Resource`, ...).

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""


def policy_document(*statements: Statement) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def service_trust(service: str, account: Account) -> str:
    """A role's trust policy: one AWS service, acting for a resource of this account.

    The condition keeps the service from being used by another account as a confused deputy.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return policy_document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account.account_id}},
        }
    )
