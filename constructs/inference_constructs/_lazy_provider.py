"""Import single modules of a large cdktf provider package without importing all of it."""

import importlib.util
import sys
from types import ModuleType


def register_lazy_package(name: str) -> None:
    """Register package `name` without running its `__init__`, which imports every module of the provider.

    `cdktf_cdktf_provider_aws` has 2,213 modules and takes 54 seconds of CPU time to import whole. With the bare package
    in `sys.modules`, `from cdktf_cdktf_provider_aws.vpc import Vpc` loads that module alone.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"{name} is not installed; run `make setup`", name=name)
    package = ModuleType(name)
    package.__spec__ = spec
    package.__path__ = spec.submodule_search_locations or []
    sys.modules[name] = package
