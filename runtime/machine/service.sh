#!/bin/bash
# Installs the services and the CloudWatch agent. None starts before a host has its settings.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

dnf install --quiet --assumeyes amazon-cloudwatch-agent
install -d -o 2000 -g 2000 -m 0755 /var/lib/inference/cache
install -m 0644 "$here"/{inference,leave}.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable inference.service leave.service
