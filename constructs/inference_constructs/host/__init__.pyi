from . import gpu_metrics
from .boot_budget import (
    BOOT_DEADLINE_SECONDS,
    INITIALIZATION_MIB_PER_SECOND,
    VOLUME_MIB_PER_SECOND,
    boot_seconds,
)
from .boot_script import boot_script
from .engine import Engine, Quantization
from .engine_profiles import EngineProfile, engine_profile
from .gateway_settings import (
    API_KEY_ID_HEADER,
    CLIENT_ADDRESS_HEADER,
    GATEWAY_PORT,
    host_gateway,
)
from .gpu_metrics import agent_config
from .image_contract import (
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
from .instance_types import INSTANCE_TYPES, instance_type_of
from .models import PHI_3_MINI_4K, Model
from .role import HostRole, session_manager
from .session_transcript import SessionTranscript
from .step_time import StepTime

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
    "session_manager",
]
