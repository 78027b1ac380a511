"""The stack of one's own in constructs/README.md."""

import json
import re
import subprocess
import sys
from pathlib import Path

from support.paths import ROOT


def test_the_example_synthesizes(tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "constructs" / "README.md").read_text(), re.DOTALL)
    subprocess.run([sys.executable, "-c", example], cwd=tmp_path, check=True)
    (written,) = tmp_path.glob("cdktf.out/stacks/*/cdk.tf.json")
    assert {"aws_vpc", "aws_s3_bucket"} <= json.loads(written.read_text())["resource"].keys()
