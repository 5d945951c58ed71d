#!/bin/sh
# Prints the path of the Redis server, for the tests; installs Debian's package when it is missing and it may.
set -eu
cd "$(dirname "$0")/.."

found() {
    for candidate in ${REDIS_SERVER:-} redis-server; do
        if "$candidate" --version >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

install() {
    command -v apt-get >/dev/null || return 1
    sudo=$(sh deploy/root.sh) || return 1
    echo "Installing Debian's package redis-server for the tests ..." >&2
    $sudo apt-get update -q >&2 && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends redis-server >&2
}

found && exit
install </dev/null && found && exit
echo "The tests need the Debian package 'redis-server': install it as root (apt-get install redis-server)," \
    "name another one with REDIS_SERVER=/path/to/it, or leave it out knowingly: make test NO_REDIS=1." >&2
exit 1
