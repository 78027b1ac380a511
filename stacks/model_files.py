"""The models that environments can name: one file each, in `models/`."""

from pathlib import Path

from inference_constructs.host import Model, read_model

MODELS = Path(__file__).with_name("models")


def model_names() -> list[str]:
    """Return the names of all models."""
    return sorted(path.stem for path in MODELS.glob("*.json"))


def model_named(name: str) -> Model:
    """Return the model of this name.

    Raises:
        ValueError: there is none, or its file is bad; one line that says what is wrong.
    """
    if name not in model_names():
        raise ValueError(f"there is no model {name!r}; choose from {', '.join(model_names())}, or add it by make model")
    return read_model(MODELS / f"{name}.json")
