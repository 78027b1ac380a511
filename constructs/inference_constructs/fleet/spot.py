"""Spot hosts above an on-demand base: which types they are, and how the group buys them."""

from cdktf import TerraformVariable
from cdktf_cdktf_provider_aws.autoscaling_group import (
    AutoscalingGroupMixedInstancesPolicy,
    AutoscalingGroupMixedInstancesPolicyInstancesDistribution,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplate,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification,
    AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride,
)
from cdktf_cdktf_provider_aws.launch_template import LaunchTemplate

from inference_constructs.host import INSTANCE_TYPES, family_of, instance_type_of

SIZES = 4
"""How many times the vCPUs of the environment's own type a spot host may have. The larger, the more it costs."""


def spot_types(instance_type: str) -> list[str]:
    """Return the types that a spot host may have, the environment's own first.

    All have the same single GPU, so that one machine image and one engine profile serve them.

    Raises:
        ValueError: the type is not of the g4dn or g5 family.
    """
    own = instance_type_of(instance_type)
    return [
        name
        for name, each in INSTANCE_TYPES.items()
        if family_of(name) == family_of(instance_type)
        and each.gpu_count == own.gpu_count
        and own.vcpus <= each.vcpus <= SIZES * own.vcpus
    ]


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
