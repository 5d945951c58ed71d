#!/bin/sh
# In rasa's container: Rasa with the one model that lies there, for the other containers of its network. Becomes Rasa.
set -eu
cd "$(dirname "$0")/../rasa_project"
set -- models/*.tar.gz
[ $# = 1 ] && [ -f "$1" ] || {
    echo "There has to be one model in rasa_project/models." >&2
    exit 1
}
exec sh ../deploy/rasa.sh run --model "$1" --endpoints endpoints.yml --credentials credentials.yml \
    -p "${RASA_PORT:-5005}" -i "${RASA_HOST:-0.0.0.0}"
