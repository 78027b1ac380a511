from . import gpu_metrics
from .boot_budget import (
    BOOT_DEADLINE_SECONDS,
    INITIALIZATION_MIB_PER_SECOND,
    VOLUME_MIB_PER_SECOND,
    boot_seconds,
)
from .boot_script import boot_script
from .engine import Engine, Quantization
from .engine_profiles import USUAL_ANSWER_TOKENS, USUAL_PROMPT_TOKENS, engine_profile
from .gateway_settings import (
    API_KEY_ID_HEADER,
    CLIENT_ADDRESS_HEADER,
    GATEWAY_PORT,
    host_gateway,
)
from .gpu_metrics import agent_config
from .image_contract import (
    DATA_DEVICE,
    ROOT_DEVICE,
    ROOT_GIB,
    Volume,
    ami_parameter,
    build_engine,
    data_gib,
    family_of,
    image_name,
    image_tags,
    volumes,
)
from .instance_types import INSTANCE_TYPES, instance_type_of
from .measured import (
    Measured,
    MeasuredPrompt,
    MeasuredStep,
    read_measured,
    write_measured,
)
from .models import Format, Model, ModelFile, Sampling, Trial, read_model
from .role import HostRole, session_manager
from .session_transcript import SessionTranscript
from .step_time import StepTime

__all__ = [
    "API_KEY_ID_HEADER",
    "BOOT_DEADLINE_SECONDS",
    "CLIENT_ADDRESS_HEADER",
    "DATA_DEVICE",
    "GATEWAY_PORT",
    "INITIALIZATION_MIB_PER_SECOND",
    "INSTANCE_TYPES",
    "ROOT_DEVICE",
    "ROOT_GIB",
    "USUAL_ANSWER_TOKENS",
    "USUAL_PROMPT_TOKENS",
    "VOLUME_MIB_PER_SECOND",
    "Engine",
    "Format",
    "HostRole",
    "Measured",
    "MeasuredPrompt",
    "MeasuredStep",
    "Model",
    "ModelFile",
    "Quantization",
    "Sampling",
    "SessionTranscript",
    "StepTime",
    "Trial",
    "Volume",
    "agent_config",
    "ami_parameter",
    "boot_script",
    "boot_seconds",
    "build_engine",
    "data_gib",
    "engine_profile",
    "family_of",
    "gpu_metrics",
    "host_gateway",
    "image_name",
    "image_tags",
    "instance_type_of",
    "read_measured",
    "read_model",
    "session_manager",
    "volumes",
    "write_measured",
]
