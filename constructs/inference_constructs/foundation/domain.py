"""A host name of the owner's own."""

from dataclasses import dataclass

CLOUDFRONT_REGION = "us-east-1"
"""CloudFront is a global service whose certificates and log deliveries live in this region.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html
"""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A host name, and the certificate for it.

    Attributes:
        name: Host name, such as api.example.com.
        certificate_arn: ARN of an ACM certificate that a public authority signed for that name.
    """

    name: str
    certificate_arn: str

    def require_region(self, region: str) -> None:
        """Refuse a certificate of another region than the one in which the service that shows it looks for it.

        Raises:
            ValueError: it is not in `region`.
        """
        if f":acm:{region}:" not in self.certificate_arn:
            raise ValueError(
                f"the certificate of {self.name} must be an ACM certificate in {region}; got {self.certificate_arn}"
            )
