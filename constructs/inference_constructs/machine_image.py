"""Names and sizes that the machine image and the hosts that are launched from it agree on."""

ROOT_DEVICE = "/dev/xvda"
ROOT_GIB = 100
"""Operating system and GPU driver; the base image itself needs 75."""

DATA_DEVICE = "/dev/sdf"
DATA_GIB = 60
"""Container, weights and compile cache. A volume of its own, so that no block of it waits behind the base image's."""

VERSION_TAG, FAMILY_TAG = "Version", "Family"
"""Tags of an image, by which the hosts' stack knows what it finds under the parameter."""


def ami_parameter(version: str, instance_type: str) -> str:
    """Return the name of the SSM parameter with the AMI id of an image version for a GPU host.

    There is one image for each instance family, since compiled kernels fit one kind of GPU. Image Builder's own role
    may write parameters below `/imagebuilder/`.
    https://docs.aws.amazon.com/imagebuilder/latest/userguide/cr-upd-ami-distribution-settings.html
    """
    return f"/imagebuilder/inference/{version}/{instance_type.split('.')[0]}/ami-id"
