"""Spot hosts above an on-demand base: how the group buys them."""

from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.autoscaling_group import (
    AutoscalingGroupMixedInstancesPolicy,
    AutoscalingGroupMixedInstancesPolicyInstancesDistribution,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplate,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride,
)
from cdktf_cdktf_provider_aws.launch_template import LaunchTemplate

from inference_constructs.fleet.spot_types import spot_types


def spot_above(
    minimum: TerraformVariable, *, template: LaunchTemplate, instance_type: str
) -> AutoscalingGroupMixedInstancesPolicy:
    """Return the policy of a group whose first `minimum` hosts are on demand, and all others spot.

    On-demand hosts take the first type that EC2 has: a larger one only where there is none of the environment's own.
    Auto Scaling never launches an on-demand host in place of a spot host that it cannot get.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-mixed-instances-groups.html
    """
    return AutoscalingGroupMixedInstancesPolicy(
        instances_distribution=AutoscalingGroupMixedInstancesPolicyInstancesDistribution(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=minimum.number_value,
            on_demand_percentage_above_base_capacity=0,
            spot_allocation_strategy="price-capacity-optimized",
        ),
        launch_template=AutoscalingGroupMixedInstancesPolicyLaunchTemplate(
            launch_template_specification=AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification(
                launch_template_id=template.id, version=f"${{{template.fqn}.latest_version}}"
            ),
            override=[
                AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride(instance_type=name)
                for name in spot_types(instance_type)
            ],
        ),
    )
