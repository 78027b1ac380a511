"""The gateway under mixed load and failures for minutes, with a stand-in engine: `python -m ops.soak`."""
