#!/bin/bash
# Starts the service with the settings in trial.env, waits until it is ready, asks it once, and leaves no settings.
# `try.sh fill` does so on the build host, and fills the compile cache; on a host made from the image, `try.sh` shows
# that the image works as it is.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
described=$(readlink -f "$here/../../model")
gateway=http://127.0.0.1:8000

if [ "${1:-}" != fill ]; then
    # Image Builder cannot ask for an initialization rate: without this the service would read block by block from S3
    # https://docs.aws.amazon.com/ebs/latest/userguide/initalize-volume.html
    volume=$(readlink -f /dev/sdf)
    gibibytes=$(($(blockdev --getsize64 "$volume") / 2 ** 30))
    seq 0 $((gibibytes - 1)) |
        xargs -P 32 -I GIB dd if="$volume" of=/dev/null iflag=direct bs=1M count=1K skip=GIBK status=none
fi

install -m 0644 "$here/../../trial.env" /etc/inference/gateway.env
echo 'LOG_OPTIONS=--log-driver=journald' > /etc/inference/host.env
if [ "${1:-}" = fill ]; then
    echo 'CACHE=/var/lib/inference/cache' >> /etc/inference/host.env
fi
trap 'systemctl stop inference.service; rm -f /etc/inference/*.env' EXIT
systemctl start inference.service

for _ in {1..480}; do
    health=$(curl --silent "$gateway/health" || true)
    case $health in
    *'"ready"'*)
        # on a host the CloudWatch agent's start reloads systemd, which must leave the container its GPU (container.sh)
        systemctl daemon-reload
        docker exec inference nvidia-smi --list-gpus
        answer=$(curl --fail --silent --show-error "$gateway/v1/completions" --header 'Content-Type: application/json' \
            --data "@$described/trial.json")
        echo "$answer"
        grep --quiet --fixed-strings --file "$described/answer.txt" <<< "$answer"
        exit
        ;;
    *'"failed"'*) break ;;
    esac
    sleep 5
done
journalctl --no-pager --lines 200 CONTAINER_NAME=inference-log >&2
echo "error: not ready in time; the last that it said: ${health:-nothing}" >&2
exit 1
