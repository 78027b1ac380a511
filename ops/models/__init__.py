"""Models as files: described where their weights are, held against the types of host, found on this machine."""

from ops.models.description import describe, has_chat_template
from ops.models.fit import print_fit
from ops.models.local import LocalModel, local_model
from ops.models.sources import SourceError, open_source

__all__ = ["LocalModel", "SourceError", "describe", "has_chat_template", "local_model", "open_source", "print_fit"]
