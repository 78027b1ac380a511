"""Character sets of names and descriptions: AWS refuses others at apply only, so they are refused at synthesis."""

import re

_EC2 = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
_LOAD_BALANCING_PREFIX = re.compile(r"(?!internal-)[a-zA-Z0-9][a-zA-Z0-9-]{0,5}")


def ec2_text(text: str) -> str:
    """Return a security group's name or description, or that of a rule.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html

    Raises:
        ValueError: EC2 would refuse it.
    """
    if not _EC2.fullmatch(text):
        raise ValueError(f"{text!r} is not 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$* (EC2)")
    return text


def load_balancing_prefix(text: str) -> str:
    """Return the first characters of a load balancer's or target group's name, to which the provider adds its own.

    The provider takes at most 6.
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lb_target_group#name_prefix-1

    Raises:
        ValueError: the provider or Elastic Load Balancing would refuse it.
    """
    if not _LOAD_BALANCING_PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is not 1 to 6 letters, digits and hyphens (Elastic Load Balancing)")
    return text
