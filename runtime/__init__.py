"""The host's gateway: what stands between the load balancer and vLLM on each GPU host. `python -m runtime` starts it."""
