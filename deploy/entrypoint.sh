#!/bin/sh
# Secrets come as files: NAME_FILE names the file whose content becomes NAME. Then the command itself runs.
set -eu
umask 077
for name in DAGSTER_PG_PASSWORD KUSHIM_WAREHOUSE_URL; do
    eval "file=\${${name}_FILE:-}"
    if [ -n "$file" ]; then
        [ -r "$file" ] || { echo "kushim: ${name}_FILE names a file that user $(id -u) cannot read" >&2; exit 1; }
        eval "$name=\$(cat \"\$file\")"
        export "$name"
    fi
done
# Before the daemon starts, what a lost host or a killed container left in progress is closed, and its slots are freed.
if [ "${1:-}" = dagster-daemon ] && [ "${2:-}" = run ]; then
    kushim reap
fi
exec "$@"
