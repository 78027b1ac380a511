"""The `image` stack: the machine images of the GPU hosts. Applied once for each model or runtime version."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from cdktf import AssetType, TerraformAsset, TerraformOutput, TerraformStack, TerraformVariable
from cdktf_cdktf_provider_aws.s3_object import S3Object
from constructs import Construct

from inference_constructs.foundation import PrivateBucket, create_home
from inference_constructs.host import Engine, build_engine, image_name
from inference_constructs.image import BuildNetwork, BuildRole, BuildSite, ImageBuild, image_bundle
from stacks.backend import remote_state
from stacks.environments import PROJECT
from stacks.image_version import build_document, built_version

BUNDLE_FILE = Path(__file__).parents[1] / "build" / "image-bundle.zip"


class ImageStack(TerraformStack):
    """One machine image for each engine and GPU family that the environments use, built from this source tree."""

    def __init__(
        self, scope: Construct, id: str, *, region: str, target_regions: Sequence[str], engines: Sequence[Engine]
    ) -> None:
        super().__init__(scope, id)
        remote_state(self)
        home = create_home(self, prefix=f"{PROJECT}-host", region=region, tags={"Project": PROJECT, "Stack": id})
        builds = {image_name(engine): build_engine(engine) for engine in engines}
        bucket = PrivateBucket(self, "Bucket", name=home.bucket_name("images"), force_destroy=True)
        zone = TerraformVariable(
            self,
            "build_zone",
            type="string",
            default="",
            nullable=False,
            description="Availability zone of the build hosts; the first one that offers all their types unless given.",
        )
        site = BuildSite(
            network=BuildNetwork(
                self,
                "Network",
                home=home,
                instance_types=sorted({engine.instance_type for engine in builds.values()}),
                zone=zone,
            ),
            role=BuildRole(self, "Role", home=home, bucket=bucket),
            bucket=bucket,
            target_regions=target_regions,
        )
        bundle = image_bundle()
        uploaded = self._upload(bundle, bucket)
        bundle_uri = f"s3://{uploaded.bucket}/{uploaded.key}"
        for name, engine in sorted(builds.items()):
            image = ImageBuild(
                self,
                name.title().replace("-", ""),
                home=home,
                version=built_version(engine),
                engine=engine,
                document=build_document(engine, bundle=bundle, bundle_uri=bundle_uri),
                site=site,
            )
            TerraformOutput(
                self,
                f"{name.replace('-', '_')}_ami_parameter",
                value=image.parameter,
                description=f"SSM parameter with the id of the AMI for {name} hosts.",
            )

    def _upload(self, bundle: bytes, bucket: PrivateBucket) -> S3Object:
        BUNDLE_FILE.parent.mkdir(exist_ok=True)
        BUNDLE_FILE.write_bytes(bundle)
        asset = TerraformAsset(self, "Bundle", path=str(BUNDLE_FILE), type=AssetType.FILE)
        return S3Object(
            self,
            "BundleObject",
            bucket=bucket.bucket.id,
            key=f"bundles/{hashlib.sha256(bundle).hexdigest()}.zip",
            source=asset.path,
            source_hash=asset.asset_hash,
            content_type="application/zip",
        )
