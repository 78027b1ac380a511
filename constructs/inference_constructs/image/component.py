"""The Image Builder component that makes a GPU host: a document of steps, each one a script of the bundle."""

import json

INSTALL_FOLDER = "/opt/inference"
TRIAL_MINUTES = 40
"""How long the service may take until it is ready in a trial, as in try.sh."""

INITIALIZATION_MINUTES = 60
"""How long the test host may read its data volume, which comes from S3 at a rate that AWS does not state (estimate)."""

_SCRIPTS = f"{INSTALL_FOLDER}/runtime/machine"


def component_document(*, bundle_uri: str, bundle_sha256: str, trial_settings: str) -> str:
    """Return the document, in the JSON that is also YAML.

    https://docs.aws.amazon.com/imagebuilder/latest/userguide/toe-use-documents.html

    Args:
        bundle_uri: Where the bundle is, `s3://...`.
        bundle_sha256: SHA-256 of the bundle, in hexadecimal digits.
        trial_settings: Settings with which the service is tried, lines `GATEWAY_NAME=value`.
    """
    bundle = f"{INSTALL_FOLDER}/bundle.zip"
    unpack = [
        "set -euo pipefail",
        f"cd {INSTALL_FOLDER}",
        f"echo '{bundle_sha256}  bundle.zip' | sha256sum --check --strict",
        "python3 -m zipfile --extract bundle.zip .",
        f"cat > trial.env <<'END_OF_FILE'\n{trial_settings}END_OF_FILE",
    ]
    build = [
        {"name": "Folder", "action": "CreateFolder", "inputs": [{"path": INSTALL_FOLDER}]},
        {"name": "Bundle", "action": "S3Download", "inputs": [{"source": bundle_uri, "destination": bundle}]},
        {"name": "Unpack", "action": "ExecuteBash", "inputs": {"commands": unpack}},
        _step("DataVolume", "disk", minutes=5),
        _step("Container", "container", minutes=45),
        _step("Model", "model", minutes=45),
        _step("Service", "service", minutes=10),
        _step("WarmCompileCache", "try", "fill", minutes=TRIAL_MINUTES + 5),
        _step("Clean", "clean", minutes=5),
    ]
    document = {
        "schemaVersion": 1.0,
        "phases": [
            {"name": "build", "steps": build},
            {
                "name": "test",
                "steps": [_step("AnswerAQuestion", "try", minutes=INITIALIZATION_MINUTES + TRIAL_MINUTES + 5)],
            },
        ],
    }
    return json.dumps(document, indent=2)


def _step(name: str, script: str, *arguments: str, minutes: int) -> dict[str, object]:
    """A step that runs a script of the bundle and ends the build where it fails."""
    return {
        "name": name,
        "action": "ExecuteBash",
        "timeoutSeconds": minutes * 60,
        "onFailure": "Abort",
        "inputs": {"commands": [" ".join([f"bash {_SCRIPTS}/{script}.sh", *arguments])]},
    }
