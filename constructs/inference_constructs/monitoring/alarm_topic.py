"""Where alarms go: one encrypted topic, and an e-mail address if there is one."""

from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.sns_topic import SnsTopic
from cdktf_cdktf_provider_aws.sns_topic_policy import SnsTopicPolicy
from cdktf_cdktf_provider_aws.sns_topic_subscription import SnsTopicSubscription
from constructs import Construct

from inference_constructs.foundation import EncryptedHome, policy_document


class AlarmTopic(Construct):
    """A topic that only this account's alarms and budgets can publish to.

    Attributes:
        arn: ARN of the topic, once its policy admits publishers.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: EncryptedHome,
        email: TerraformVariable,
    ) -> None:
        """Create the topic.

        Args:
            home: Where it is; the policy of its key admits alarms and budgets.
            email: Address that gets the messages, after its owner has confirmed; empty for none.
        """
        super().__init__(scope, id)
        topic = SnsTopic(self, "Topic", name=home.name("alarms"), kms_master_key_id=home.key_arn)
        publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic.arn}
        of_this_account = {"StringEquals": {"aws:SourceAccount": home.account_id}}
        policy = SnsTopicPolicy(
            self,
            "Policy",
            arn=topic.arn,
            policy=policy_document(
                {
                    "Sid": "AlarmsPublish",
                    **publish,
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Condition": {
                        **of_this_account,
                        "ArnLike": {"aws:SourceArn": home.arn("cloudwatch", f"alarm:{home.name('*')}")},
                    },
                },
                {
                    "Sid": "BudgetsPublish",
                    **publish,
                    "Principal": {"Service": "budgets.amazonaws.com"},
                    "Condition": {
                        **of_this_account,
                        "ArnLike": {"aws:SourceArn": home.arn("budgets", "*", region="")},
                    },
                },
            ),
        )
        subscription = SnsTopicSubscription(
            self, "Email", topic_arn=topic.arn, protocol="email", endpoint=email.string_value
        )
        subscription.add_override("count", f'${{{email.fqn} == "" ? 0 : 1}}')
        # the attribute of the policy, so that nothing publishes before it may
        self.arn = policy.arn
