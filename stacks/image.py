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

BUNDLES = Path(__file__).parents[1] / "build" / "image-bundles"


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
            role=BuildRole(self, "Role", home=home, bucket=bucket, sources=[e.model.source for e in builds.values()]),
            bucket=bucket,
            target_regions=target_regions,
        )
        models = {engine.model.name: engine.model for engine in builds.values()}
        bundles = {name: image_bundle(model) for name, model in sorted(models.items())}
        uris = {name: self._upload(name, bundle, bucket) for name, bundle in bundles.items()}
        for name, engine in sorted(builds.items()):
            model = engine.model.name
            image = ImageBuild(
                self,
                name.title().replace("-", ""),
                home=home,
                version=built_version(engine),
                engine=engine,
                document=build_document(engine, bundle=bundles[model], bundle_uri=uris[model]),
                site=site,
            )
            TerraformOutput(
                self,
                f"{name.replace('-', '_')}_ami_parameter",
                value=image.parameter,
                description=f"SSM parameter with the id of the AMI for {name} hosts.",
            )

    def _upload(self, name: str, bundle: bytes, bucket: PrivateBucket) -> str:
        """Return the URI of a model's bundle."""
        BUNDLES.mkdir(parents=True, exist_ok=True)
        file = BUNDLES / f"{name}.zip"
        file.write_bytes(bundle)
        asset = TerraformAsset(self, f"Bundle {name}", path=str(file), type=AssetType.FILE)
        uploaded = S3Object(
            self,
            f"BundleObject {name}",
            bucket=bucket.bucket.id,
            key=f"bundles/{hashlib.sha256(bundle).hexdigest()}.zip",
            source=asset.path,
            source_hash=asset.asset_hash,
            content_type="application/zip",
        )
        return f"s3://{uploaded.bucket}/{uploaded.key}"
