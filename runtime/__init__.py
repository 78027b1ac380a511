"""The host's gateway, between the load balancer and vLLM on each GPU host. `python -m runtime` starts it."""
