"""The gateway's settings on a GPU host: what depends on the machine, in every environment and in the image's trial."""

import shlex

from inference_constructs.host.boot_script import MODEL_FOLDER
from inference_constructs.host.engine import Engine
from inference_constructs.host.engine_profiles import engine_profile
from runtime.settings import Settings
from runtime.validation import MAX_SEQUENCES

GATEWAY_PORT = 8000
"""TCP port that the gateway listens on."""

CLIENT_ADDRESS_HEADER = "x-client-address"
"""What API Gateway passes the address in that it saw."""

API_KEY_ID_HEADER = "x-api-key-id"
"""What API Gateway passes the id of the request's API key in."""


def host_gateway(engine: Engine) -> Settings:
    """Return the settings for an engine: as many sequences at once as it runs, no answer too long.

    The longest answer is one that it writes within the default deadline while all places are taken.

    Raises:
        ValueError: the host cannot run it.
    """
    profile = engine_profile(engine)
    writable = profile.max_output_tokens(Settings.request_timeout_seconds)
    return Settings(
        host="0.0.0.0",  # noqa: S104  inside the container; the security group decides who gets there
        port=GATEWAY_PORT,
        model=MODEL_FOLDER,
        served_model_name=engine.model.name,
        engine_args=shlex.join([*shlex.split(profile.engine_args), *engine.model.engine_arguments]),
        tool_parser=engine.model.tool_parser or "",
        client_address_header=CLIENT_ADDRESS_HEADER,
        api_key_id_header=API_KEY_ID_HEADER,
        max_in_flight=profile.max_num_seqs,
        # half, so that one address alone keeps nobody out; at least the widest request
        max_in_flight_per_client=max(MAX_SEQUENCES, profile.max_num_seqs // 2),
        max_output_tokens=min(writable, Settings.max_output_tokens),
    )
