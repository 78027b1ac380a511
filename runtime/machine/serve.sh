#!/bin/bash
# Runs the container until it ends. What it prints leaves the host through runtime/log_filter.py only, in a second
# container that has no network and nothing else to do.
#
# The compile cache is mounted as an overlay in memory, made anew at each start: what the container writes there is gone
# with it, and the image's own cache, below, is out of its reach. Only a build passes another CACHE, to fill that one.
set -euo pipefail
image=inference:current
cache=${CACHE:-/run/inference/copy}

# A container that is started again does not boot the host, and has the whole deadline for itself. The folder outlives
# the service, not the host's boot.
again=()
[ ! -d /run/inference ] || again=(--env GATEWAY_COUNT_HOST_BOOT=false)

docker rm --force inference inference-log > /dev/null 2>&1 || true
if [ -z "${CACHE:-}" ]; then
    umount --quiet /run/inference/copy /run/inference || true
    mkdir -p /run/inference
    mount -t tmpfs -o size=2g,mode=0700 tmpfs /run/inference
    install -d -o 2000 -g 2000 /run/inference/{upper,work,copy}
    mount -t overlay -o lowerdir=/var/lib/inference/cache,upperdir=/run/inference/upper,workdir=/run/inference/work \
        overlay /run/inference/copy
fi

# Several GPUs pass what they have through --shm-size: between those of g4dn and g5, which have no NVLink, NCCL's direct
# way was seen to hang, and its newer way through memory needs calls that Docker refuses.
# https://github.com/vllm-project/vllm/issues/14025, https://github.com/NVIDIA/nccl/issues/2190
# shellcheck disable=SC2086  # LOG_OPTIONS is a list of words
docker run --rm --name inference --log-driver none \
    --gpus all --publish 8000:8000 --shm-size 2g --pids-limit 4096 \
    --read-only --tmpfs /tmp:exec --cap-drop ALL --security-opt no-new-privileges \
    --volume /var/lib/inference/model:/var/lib/inference/model:ro --volume "$cache":/cache \
    --env HOME=/cache --env TRITON_CACHE_DIR=/cache/triton --env PYTHONNOUSERSITE=1 --env PYTHONDONTWRITEBYTECODE=1 \
    --env NCCL_P2P_DISABLE=1 --env NCCL_CUMEM_HOST_ENABLE=0 \
    --env-file /etc/inference/gateway.env "${again[@]}" \
    "$image" 2>&1 |
    docker run --rm --interactive --name inference-log $LOG_OPTIONS \
        --network none --pids-limit 16 --memory 256m \
        --read-only --cap-drop ALL --security-opt no-new-privileges --user 65534:65534 \
        --env-file /etc/inference/gateway.env --env PYTHONDONTWRITEBYTECODE=1 \
        --entrypoint python3 "$image" -m runtime.log_filter > /dev/null
