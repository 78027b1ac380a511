"""The owner's own domain names, where an environment gives them."""

from inference_constructs.api_endpoint import ApiDomain
from stacks.environments import Environment


def api_domain(environment: Environment) -> ApiDomain | None:
    """Return the API's own domain name; None for AWS's.

    Raises:
        ValueError: a name is given without its certificate, or the other way round.
    """
    name, certificate_arn = environment.api_domain_name, environment.api_certificate_arn
    if name and certificate_arn:
        return ApiDomain(name=name, certificate_arn=certificate_arn)
    if name or certificate_arn:
        raise ValueError(f"{environment.name}: api_domain_name and api_certificate_arn go together; give both or none")
    return None
