"""One machine image: from the bundle to a tested AMI whose id the fleets find."""

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf import DataResource, TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.cloudwatch_log_group import CloudwatchLogGroup
from cdktf_cdktf_provider_aws.imagebuilder_component import ImagebuilderComponent
from cdktf_cdktf_provider_aws.imagebuilder_distribution_configuration import (
    ImagebuilderDistributionConfiguration,
    ImagebuilderDistributionConfigurationDistribution,
    ImagebuilderDistributionConfigurationDistributionAmiDistributionConfiguration,
    ImagebuilderDistributionConfigurationDistributionSsmParameterConfiguration,
)
from cdktf_cdktf_provider_aws.imagebuilder_image import ImagebuilderImage
from cdktf_cdktf_provider_aws.imagebuilder_image_recipe import (
    ImagebuilderImageRecipe,
    ImagebuilderImageRecipeBlockDeviceMapping,
    ImagebuilderImageRecipeBlockDeviceMappingEbs,
    ImagebuilderImageRecipeComponent,
)
from cdktf_cdktf_provider_aws.imagebuilder_infrastructure_configuration import (
    ImagebuilderInfrastructureConfiguration,
)
from constructs import Construct

from inference_constructs.foundation import RETENTION_DAYS, Home, PrivateBucket
from inference_constructs.host import (
    Engine,
    Volume,
    ami_parameter,
    image_name,
    image_tags,
    volumes,
)
from inference_constructs.image.build_network import BuildNetwork
from inference_constructs.image.build_role import BuildRole

BASE_IMAGE = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id"
"""AWS's image with GPU driver, Docker and container toolkit on Amazon Linux 2023; resolved when a build starts.

https://docs.aws.amazon.com/dlami/latest/devguide/find-dlami-id.html
"""


@dataclass(frozen=True, kw_only=True)
class BuildSite:
    """Where images are built.

    Attributes:
        network: The build hosts' network.
        role: Their role.
        bucket: Holds the bundle below `bundles/`, and takes the builds' logs below `logs/`.
        target_regions: Regions that get the image.
    """

    network: BuildNetwork
    role: BuildRole
    bucket: PrivateBucket
    target_regions: Sequence[str]


class ImageBuild(Construct):
    """Builds a version of the machine image on a GPU host, and tests it on another one made from it.

    Only an image that answered a question is published. The AMI and its parameter
    stay when the version changes, so that an environment can go back to it.

    Attributes:
        parameter: Name of the SSM parameter with the AMI's id.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        home: Home,
        version: str,
        engine: Engine,
        document: str,
        site: BuildSite,
    ) -> None:
        """Describe the build.

        Args:
            version: Version of the image, three numbers.
            engine: What is built, on the type of the build host.
            document: The component's document.
        """
        super().__init__(scope, id)
        self._engine = engine
        self._name = home.name(image_name(engine))
        self._version, self._site = version, site
        self.parameter = ami_parameter(version, engine)
        recipe = self._recipe(document)
        infrastructure = ImagebuilderInfrastructureConfiguration(
            self,
            "Infrastructure",
            name=self._name,
            instance_types=[engine.instance_type],
            instance_profile_name=site.role.instance_profile.name,
            subnet_id=site.network.subnet.id,
            security_group_ids=[site.network.security_group.id],
            instance_metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
            logging={"s3_logs": {"s3_bucket_name": site.bucket.bucket.id, "s3_key_prefix": "logs"}},
            terminate_instance_on_failure=True,
            resource_tags={"Name": f"{self._name}-build"},
        )
        # Image Builder writes to a group of this name, and would make one that keeps everything for ever.
        # https://docs.aws.amazon.com/imagebuilder/latest/userguide/monitor-cwlogs.html
        log = CloudwatchLogGroup(self, "Log", name=f"/aws/imagebuilder/{self._name}", retention_in_days=RETENTION_DAYS)
        regions = DataResource(self, "Regions", input={"regions": site.target_regions})
        ImagebuilderImage(
            self,
            "Image",
            image_recipe_arn=recipe.arn,
            infrastructure_configuration_arn=infrastructure.arn,
            distribution_configuration_arn=self._distribution().arn,
            image_tests_configuration={"image_tests_enabled": True},
            enhanced_image_metadata_enabled=True,
            timeouts={"create": "240m"},
            tags={"Name": f"{self._name} {version}"},
            depends_on=[*site.role.ready, *site.network.ready, log],
            # Image Builder distributes at a build only: a region that is added later would never get the image
            lifecycle=TerraformResourceLifecycle(
                replace_triggered_by=[f"{regions.terraform_resource_type}.{regions.friendly_unique_id}"]
            ),
        )

    def _recipe(self, document: str) -> ImagebuilderImageRecipe:
        component = ImagebuilderComponent(
            self,
            "Component",
            name=self._name,
            version=self._version,
            platform="Linux",
            description="Container, weights, service and warm compile cache of a GPU host",
            data=document,
        )
        return ImagebuilderImageRecipe(
            self,
            "Recipe",
            name=self._name,
            version=self._version,
            parent_image=f"ssm:{BASE_IMAGE}",
            component=[ImagebuilderImageRecipeComponent(component_arn=component.arn)],
            block_device_mapping=[self._mapping(volume) for volume in volumes(self._engine.model)],
        )

    @staticmethod
    def _mapping(volume: Volume) -> ImagebuilderImageRecipeBlockDeviceMapping:
        return ImagebuilderImageRecipeBlockDeviceMapping(
            device_name=volume.device,
            ebs=ImagebuilderImageRecipeBlockDeviceMappingEbs(
                volume_type="gp3",
                volume_size=volume.gibibytes,
                throughput=volume.throughput,
                encrypted="true",
                delete_on_termination="true",
            ),
        )

    def _distribution(self) -> ImagebuilderDistributionConfiguration:
        ami = ImagebuilderDistributionConfigurationDistributionAmiDistributionConfiguration(
            name=f"{self._name}-{self._version}-{{{{ imagebuilder:buildDate }}}}",
            description=f"GPU host of {self._engine.model.name}, version {self._version}",
            ami_tags={"Name": f"{self._name}-{self._version}", **image_tags(self._version, self._engine)},
        )
        parameter = ImagebuilderDistributionConfigurationDistributionSsmParameterConfiguration(
            parameter_name=self.parameter, data_type="aws:ec2:image"
        )
        return ImagebuilderDistributionConfiguration(
            self,
            "Distribution",
            name=self._name,
            distribution=[
                ImagebuilderDistributionConfigurationDistribution(
                    region=region, ami_distribution_configuration=ami, ssm_parameter_configuration=[parameter]
                )
                for region in self._site.target_regions
            ],
        )
