"""Measuring what a live host does: the time of a step, of a prompt, and of the stages of a boot."""

from ops.calibration.boot_stages import boot_stages
from ops.calibration.calibrate import calibrate
from ops.calibration.measure import CalibrationError

__all__ = ["CalibrationError", "boot_stages", "calibrate"]
