"""The stacks: each one is wired from constructs and applied on its own."""
