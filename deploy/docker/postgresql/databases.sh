#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: a database and a role for each service, and no way from one
# to another. The password of a role is the one in the service's own URL, so that it is written down once.
set -eu

# New databases are copies of template1. LIKE tells nobody anything about rows that he may not see, so a search may use its
# index before the policies are asked (docs/decisions/row-level-security.md).
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname template1 \
    --command 'ALTER FUNCTION textlike(text, text) LEAKPROOF'

secrets=${SECRETS:-/run/secrets}

for service in policy claims documents notifications gateway; do
    # Read by psql itself: a command line is shown to every user of the machine.
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres << SQL
\set password \`sed -E 's,^[^:]+://[^:]+:([^@]+)@.*,\1,' "$secrets/$service-database-url"\`
CREATE ROLE dossier_$service LOGIN PASSWORD :'password';
CREATE DATABASE $service OWNER dossier_$service;
REVOKE ALL ON DATABASE $service FROM PUBLIC;
SQL
done
