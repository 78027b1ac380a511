#!/bin/bash
# Builds the container: the vLLM image, pinned, with this runtime in it.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

systemctl stop docker.socket docker.service
install -D -m 0644 "$here/docker-daemon.json" /etc/docker/daemon.json
install -D -m 0644 "$here/docker-service.conf" /etc/systemd/system/docker.service.d/inference.conf
systemctl daemon-reload
systemctl enable --now docker.service

docker build --file "$here/Dockerfile" --tag inference:current "$here/../.."
# what was really pulled, for the build's log
docker image ls --digests --no-trunc
docker builder prune --all --force
