"""What was measured on live hosts: files in `measured/`, found by name, each used in place of estimates."""

from pathlib import Path

from inference_constructs.host import Engine, Measured, read_measured

FOLDER = Path(__file__).parent / "measured"


def measured_path(engine: Engine) -> Path:
    """Return where an engine's file is, such as `stacks/measured/g5.xlarge-phi-3-mini-4k-instruct.json`."""
    parts = [engine.instance_type, engine.model.name, engine.quantization]
    return FOLDER / f"{'-'.join(part for part in parts if part)}.json"


def measured_of(engine: Engine) -> Measured | None:
    """Return what was measured of an engine; None where there is no file.

    Raises:
        ValueError: the file holds something else, or was measured of another engine; the text says what to do.
    """
    path = measured_path(engine)
    if not path.exists():
        return None
    measured = read_measured(path)
    found = (measured.instance_type, measured.model, measured.quantization)
    if found != (engine.instance_type, engine.model.name, engine.quantization):
        of = " ".join(part for part in found if part)
        raise ValueError(f"{path} was measured of {of}: its name says otherwise; rename it")
    return measured
