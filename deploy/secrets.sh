#!/bin/sh
# `secrets.sh`: makes the secrets and folders that docker-compose.yml wants, once: what is there stays. The containers run
# as who calls it. It writes .env with that, and with SITE and VERSION to be filled in.
set -eu
cd "$(dirname "$0")/.."
folder=${SECRETS:-secrets} data=${DATA:-data}
[ "$(id -u)" != 0 ] || {
    echo "Not as root: the containers run as who calls this. Make an account for it (adduser --system --group mitsprache)." >&2
    exit 1
}
umask 077
mkdir -p "$folder" "$data/services" "$data/postgres" "$data/proxy"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
make() { [ -e "$folder/$1" ] || printf '%s\n' "$2" >"$folder/$1"; }

for name in pseudonym_key postgres_password rasa_token actions_token telegram_secret; do
    make "$name" "$(random)"
done
make database_url "postgresql://mitsprache:$(cat "$folder/postgres_password")@postgres:5432/mitsprache"
# Empty until there is one: BotFather gives it. Then set TELEGRAM=yes in .env.
[ -e "$folder/telegram_token" ] || : >"$folder/telegram_token"

[ -e .env ] || cat >.env <<END
# Read by docker compose. The website's public name, whose DNS leads to this machine:
SITE=
OWNER=$(id -u):$(id -g)
VERSION=$(git describe --always --dirty 2>/dev/null || echo local)
# yes, once secrets/telegram_token holds the bot's token:
TELEGRAM=
END
echo "Secrets are in $folder, data in $data. Set SITE in .env, then: docker compose up -d --build"
