#!/bin/bash
# Makes the data volume, which holds what a boot has to read: container, weights, compile cache.
set -euo pipefail

# Amazon Linux names the NVMe device after the block device mapping: a link made by udev
mkfs.xfs -q -L inference "$(readlink -f /dev/sdf)"
mkdir -p /var/lib/inference /etc/inference
# nofail: without its volume a host must still come up far enough to be looked at
echo 'LABEL=inference /var/lib/inference xfs defaults,noatime,nofail 0 2' >> /etc/fstab
systemctl daemon-reload
mount /var/lib/inference
