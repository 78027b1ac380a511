#!/bin/sh
# Node.js in a session of its own, so that Ctrl-C reaches the command that runs it only, which ends it in order.
if command -v setsid >/dev/null; then
    exec setsid "$LOCKED_NODE" "$@"
fi
exec "$LOCKED_NODE" "$@"
