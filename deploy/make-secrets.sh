#!/bin/sh
# Make the secret files that compose.yaml wants, each with a password of its own: deploy/make-secrets.sh FOLDER
# A file that is there already stays as it is, so running it again adds only what is missing.
set -eu
umask 077
folder=${1:?usage: deploy/make-secrets.sh FOLDER}
mkdir -p "$folder"
fresh() { [ -e "$folder/$1" ] || openssl rand -hex 32 | tr -d '\n' > "$folder/$1"; }
fresh postgres_password
fresh dagster_pg_password
fresh migrate_pg_password
fresh service_pg_password
url() { [ -e "$folder/$1" ] || printf 'postgresql+psycopg2://%s:%s@postgres:5432/kushim' "$2" "$(cat "$folder/$3")" > "$folder/$1"; }
url migrate_warehouse_url kushim_migrate migrate_pg_password
url service_warehouse_url kushim_service service_pg_password
# Nobody is in them yet: add a line a person, see docs/production.md.
touch "$folder/viewers.htpasswd" "$folder/operators.htpasswd"
# The folder keeps others out; the files have to be readable for the users inside the containers, whose numbers differ.
chmod 0700 "$folder"
chmod 0444 "$folder"/*
echo "The secrets are in $folder. Next: export KUSHIM_SECRETS=$folder, and add logins to viewers.htpasswd and operators.htpasswd"
