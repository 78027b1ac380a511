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
    fio --filename="$(readlink -f /dev/sdf)" --rw=read --bs=1M --iodepth=32 --ioengine=libaio --direct=1 --readonly \
        --name=volume-initialize
fi

install -m 0644 "$here/../../trial.env" /etc/inference/gateway.env
echo 'LOG_OPTIONS=--log-driver=journald' > /etc/inference/host.env
if [ "${1:-}" = fill ]; then
    echo 'CACHE=/var/lib/inference/cache' >> /etc/inference/host.env
fi
trap 'systemctl stop inference.service; rm -f /etc/inference/*.env' EXIT
systemctl start inference.service

for _ in {1..480}; do
    if curl --fail --silent "$gateway/health"; then
        answer=$(curl --fail --silent --show-error "$gateway/v1/completions" --header 'Content-Type: application/json' \
            --data "@$described/trial.json")
        echo "$answer"
        grep --quiet --fixed-strings --file "$described/answer.txt" <<< "$answer"
        exit
    fi
    sleep 5
done
journalctl --no-pager --lines 200 CONTAINER_NAME=inference-log >&2
echo "error: not ready after 40 minutes" >&2
exit 1
