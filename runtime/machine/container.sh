#!/bin/bash
# Builds the container: vLLM and all that it needs, held to digests, with this runtime in it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

systemctl stop docker.socket docker.service
# cgroupfs: where systemd manages a container's cgroup, its `daemon-reload`, which the CloudWatch agent's start does too,
# takes the GPU away from the container
# https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/troubleshooting.html
install -D -m 0644 "$here/docker-daemon.json" /etc/docker/daemon.json
install -D -m 0644 "$here/docker-service.conf" /etc/systemd/system/docker.service.d/inference.conf
systemctl daemon-reload
systemctl enable --now docker.service

# pulled first: what BuildKit pulls itself stays on the volume a second time, compressed, and pruning leaves the holes
base=$(sed -n 's/^FROM //p' "$here/Dockerfile")
docker pull --quiet "$base"
docker build --file "$here/Dockerfile" --tag inference:current "$here/../.."
# what was really pulled, and where the space went, for the build's log
docker image ls --digests --no-trunc
docker builder prune --all --force
du --summarize --human-readable /var/lib/inference/docker/*
