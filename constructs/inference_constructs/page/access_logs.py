"""Access logs of a CloudFront distribution."""

from cdktf_cdktf_provider_aws.cloudfront_distribution import CloudfrontDistribution
from cdktf_cdktf_provider_aws.cloudwatch_log_delivery import CloudwatchLogDelivery
from cdktf_cdktf_provider_aws.cloudwatch_log_delivery_destination import (
    CloudwatchLogDeliveryDestination,
    CloudwatchLogDeliveryDestinationDeliveryDestinationConfiguration,
)
from cdktf_cdktf_provider_aws.cloudwatch_log_delivery_source import CloudwatchLogDeliverySource
from constructs import Construct

from inference_constructs.foundation import CLOUDFRONT_REGION, RETENTION_DAYS, Home, PrivateBucket


class SiteAccessLogs(Construct):
    """Standard logs (v2) in a bucket of their own, deleted after 30 days.

    S3 rather than CloudWatch Logs: delivery costs nothing there, and the bucket may be in any region.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: Home,
        distribution: CloudfrontDistribution,
        force_destroy: bool,
    ) -> None:
        """Deliver the logs.

        Args:
            force_destroy: Whether a destroy deletes the logs too.
        """
        super().__init__(scope, id)
        name = home.bucket_name("site-logs")
        bucket = PrivateBucket(
            self,
            "Bucket",
            name=name,
            force_destroy=force_destroy,
            expire_after_days=RETENTION_DAYS,
            keep_old_versions_days=1,
            statements=[_delivery(name, home)],
        )
        source = CloudwatchLogDeliverySource(
            self,
            "Source",
            region=CLOUDFRONT_REGION,
            name=home.name("site"),
            log_type="ACCESS_LOGS",
            resource_arn=distribution.arn,
        )
        destination = CloudwatchLogDeliveryDestination(
            self,
            "Destination",
            region=CLOUDFRONT_REGION,
            name=home.name("site"),
            output_format="json",
            delivery_destination_configuration=[
                CloudwatchLogDeliveryDestinationDeliveryDestinationConfiguration(
                    destination_resource_arn=bucket.bucket.arn
                )
            ],
        )
        CloudwatchLogDelivery(
            self,
            "Delivery",
            region=CLOUDFRONT_REGION,
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            depends_on=[bucket.policy],
        )


def _delivery(bucket_name: str, home: Home) -> dict[str, object]:
    """The statement that log delivery needs.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-V2-S3.html
    """
    sources = home.arn("logs", "delivery-source:*", region=CLOUDFRONT_REGION)
    return {
        "Sid": "AWSLogsDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": home.arn("s3", f"{bucket_name}/AWSLogs/{home.account_id}/*", region="", account=""),
        "Condition": {
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": home.account_id,
            },
            "ArnLike": {"aws:SourceArn": sources},
        },
    }
