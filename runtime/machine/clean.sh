#!/bin/bash
# Removes what only the build needed.
set -euo pipefail

dnf clean all --quiet
rm -rf /opt/inference/bundle.zip /root/.docker /root/.cache /var/tmp/* /tmp/docker*
journalctl --rotate --vacuum-time 1s
sync
