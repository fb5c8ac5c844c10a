#!/bin/sh
# Becomes mediasoup's worker, in a session of its own: a terminal's Ctrl-C goes to all of its foreground
# process group, and the worker, which ends at a SIGINT, would be gone before the server could drain.
# The process stays the same: its parent goes on to hold its pipes, by whose end it ends.
worker=$SOUNDCHECK_MEDIA_WORKER
unset SOUNDCHECK_MEDIA_WORKER
if command -v setsid > /dev/null; then exec setsid "$worker" "$@"; fi
if command -v perl > /dev/null; then exec perl -MPOSIX -e 'POSIX::setsid(); exec { $ARGV[0] } @ARGV' "$worker" "$@"; fi
exec "$worker" "$@"
