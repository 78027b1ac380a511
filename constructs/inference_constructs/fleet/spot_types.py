"""Which instance types a spot host may have."""

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
