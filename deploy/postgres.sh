#!/bin/sh
# Prints the folder with PostgreSQL's programs, for the tests; installs Debian's package when it is missing and it may.
set -eu
cd "$(dirname "$0")/.."

found() {
    for folder in ${POSTGRES_BIN:-} /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /nowhere)")"; do
        if "$folder/initdb" --version >/dev/null 2>&1; then
            echo "$folder"
            return
        fi
    done
    return 1
}

install() {
    command -v apt-get >/dev/null || return 1
    sudo=$(sh deploy/root.sh) || return 1
    echo "Installing Debian's package postgresql for the tests ..." >&2
    $sudo apt-get update -q >&2 && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql >&2
}

found && exit
install </dev/null && found && exit
echo "The tests need the Debian package 'postgresql': install it as root (apt-get install postgresql)," \
    "name its programs with POSTGRES_BIN=/folder, or leave it out knowingly: make test NO_POSTGRES=1." >&2
exit 1
