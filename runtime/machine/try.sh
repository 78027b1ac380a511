#!/bin/bash
# Starts the service with the settings in trial.env, waits until it is ready, asks it once, and leaves no settings.
# The first time fills the compile cache; on a host made from the image it shows that the image works.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
gateway=http://127.0.0.1:8000

install -m 0644 "$here/../../trial.env" /etc/inference/gateway.env
echo 'LOG_OPTIONS=--log-driver=journald' > /etc/inference/host.env
trap 'systemctl stop inference.service; rm -f /etc/inference/*.env' EXIT
systemctl start inference.service

# volumes of a build have no provisioned initialization rate, so this may take longer than a host's 5 minutes
for _ in {1..180}; do
    if curl --fail --silent "$gateway/health"; then
        answer=$(curl --fail --silent --show-error "$gateway/v1/completions" --header 'Content-Type: application/json' \
            --data '{"model": "phi-3-mini-4k-instruct", "prompt": "The capital of France is", "max_tokens": 8, "temperature": 0}')
        echo "$answer"
        grep --quiet Paris <<< "$answer"
        exit
    fi
    sleep 5
done
journalctl --no-pager --lines 200 CONTAINER_NAME=inference >&2
echo "error: not ready after 15 minutes" >&2
exit 1
