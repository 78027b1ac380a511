"""parliament, imported without the warnings of its own: it leaves files open, and imports pkg_resources."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import parliament  # pyright: ignore[reportMissingTypeStubs]

__all__ = ["parliament"]
