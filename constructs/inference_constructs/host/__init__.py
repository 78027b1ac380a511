"""What one GPU host is: its GPU and engine profile, volumes, boot, gateway settings, metrics and role."""

from inference_constructs.host import gpu_metrics
from inference_constructs.host.boot_budget import (
    BOOT_DEADLINE_SECONDS,
    INITIALIZATION_MIB_PER_SECOND,
    VOLUME_MIB_PER_SECOND,
    boot_seconds,
)
from inference_constructs.host.boot_script import boot_script
from inference_constructs.host.engine import Engine, Quantization
from inference_constructs.host.engine_profiles import EngineProfile, engine_profile
from inference_constructs.host.gateway_settings import (
    API_KEY_ID_HEADER,
    CLIENT_ADDRESS_HEADER,
    GATEWAY_PORT,
    host_gateway,
)
from inference_constructs.host.gpu_metrics import agent_config
from inference_constructs.host.image_contract import (
    DATA_DEVICE,
    DATA_GIB,
    FAMILY_TAG,
    ROOT_DEVICE,
    ROOT_GIB,
    VERSION_TAG,
    VOLUMES,
    Volume,
    ami_parameter,
    build_engine,
    family_of,
    image_name,
)
from inference_constructs.host.instance_types import INSTANCE_TYPES, instance_type_of
from inference_constructs.host.measured import (
    Measured,
    MeasuredPrompt,
    MeasuredStep,
    read_measured,
    write_measured,
)
from inference_constructs.host.models import PHI_3_MINI_4K, Model
from inference_constructs.host.role import HostRole, session_manager
from inference_constructs.host.session_transcript import SessionTranscript
from inference_constructs.host.step_time import StepTime

__all__ = [
    "API_KEY_ID_HEADER",
    "BOOT_DEADLINE_SECONDS",
    "CLIENT_ADDRESS_HEADER",
    "DATA_DEVICE",
    "DATA_GIB",
    "FAMILY_TAG",
    "GATEWAY_PORT",
    "INITIALIZATION_MIB_PER_SECOND",
    "INSTANCE_TYPES",
    "PHI_3_MINI_4K",
    "ROOT_DEVICE",
    "ROOT_GIB",
    "VERSION_TAG",
    "VOLUMES",
    "VOLUME_MIB_PER_SECOND",
    "Engine",
    "EngineProfile",
    "HostRole",
    "Measured",
    "MeasuredPrompt",
    "MeasuredStep",
    "Model",
    "Quantization",
    "SessionTranscript",
    "StepTime",
    "Volume",
    "agent_config",
    "ami_parameter",
    "boot_script",
    "boot_seconds",
    "build_engine",
    "engine_profile",
    "family_of",
    "gpu_metrics",
    "host_gateway",
    "image_name",
    "instance_type_of",
    "read_measured",
    "session_manager",
    "write_measured",
]
