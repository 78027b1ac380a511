#!/bin/bash
# Lets the gateway leave before this host goes, because Spot takes it back in two minutes, or Auto Scaling ends it.
#
# First /health says 503 while all that comes is still taken, until the load balancer has counted enough failed checks
# to send nothing more (LEAVE_SECONDS). Then the service is stopped, which lets what is under way finish.
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
#
# A rebalance recommendation is left to Auto Scaling, which launches another host first and ends this one when that one
# is healthy: a host that left by itself would be missing for as long as a boot takes.
set -euo pipefail
metadata=${METADATA:-http://169.254.169.254}/latest
every=${POLL_SECONDS:-5}

get() {
    local token
    token=$(curl --silent --fail --max-time 2 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' \
        "$metadata/api/token") || return
    curl --silent --fail --max-time 2 --header "X-aws-ec2-metadata-token: $token" "$metadata/meta-data/$1"
}

until get spot/instance-action || [ "$(get autoscaling/target-lifecycle-state)" = Terminated ]; do
    sleep "$every"
done
echo "this host is going away: telling the gateway to leave"
# one that does not run has nothing to leave
docker kill --signal USR1 inference || true
sleep "$LEAVE_SECONDS"
systemctl stop inference.service
