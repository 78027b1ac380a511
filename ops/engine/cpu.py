"""How vLLM runs on a CPU here: the local demo's engine, and that of the tests."""

ENGINE_ARGS = "--enforce-eager --distributed-executor-backend uni"
"""Nothing is compiled, and the model runs in the engine's own process, as on a host with one GPU.

vLLM gives a CPU a process of its own for the model, to bind its threads to cores. That process imports vLLM once more,
polls while it is idle, and writes slower: on 2 cores a boot takes 55 instead of 35 s, 64 tokens 4.0 instead of 2.7 s.
"""

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    # unbound: bound to a fixed core, the engine starves where something else keeps that core busy
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    # threads that wait, sleep: where something else keeps a core busy, waiting in a loop made 8 tokens take 25 s, not 6
    "OMP_WAIT_POLICY": "PASSIVE",
    # without this, a CPU's engine takes no `uni` (vllm/platforms/cpu.py); the engine keeps its process all the same
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
