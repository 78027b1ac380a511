"""The stacks: each one is wired from constructs and applied on its own."""

import inference_constructs as inference_constructs  # before cdktf, which starts Node
