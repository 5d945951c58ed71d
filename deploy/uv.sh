#!/bin/sh
# `uv.sh <arguments …>`: runs uv; fetches it into .tools/uv first when this machine has none.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
here=$root/.tools/uv
log=$root/.tools/uv.log
wanted='uv>=0.5'

works() { "$1" --version >/dev/null 2>&1; }

# The first python3 that runs: a version manager's stand-in may be on the PATH and point to nothing.
find_python() {
    for candidate in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "No python3 was found: install Python 3.11 or newer (Debian: apt-get install python3) and run make again." >&2
    return 1
}

by_venv() { rm -rf "$here" && "$python" -m venv "$here" && "$here/bin/python" -m pip install "$wanted"; }
by_pip() { rm -rf "$here" && "$python" -m pip install --target "$here" "$wanted"; }
by_apt() {
    command -v apt-get && sudo=$(sh "$root/deploy/root.sh") || return 1
    $sudo apt-get update && $sudo apt-get install -y python3-venv python3-pip && by_venv
}

fetch() {
    python=$(find_python) || return 1
    echo "Fetching uv into .tools/uv ..." >&2
    mkdir -p "$root/.tools"
    for way in by_venv by_pip by_apt; do
        if "$way" </dev/null >>"$log" 2>&1 && works "$here/bin/uv"; then
            return
        fi
    done
    echo "uv could not be fetched (why: .tools/uv.log): install it, or Debian's package python3-venv, and run make again." >&2
    return 1
}

# uv brings certificates of its own; a network with its own authority is known to the machine's alone.
for certificates in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -n "${SSL_CERT_FILE:-}" ] || [ ! -s "$certificates" ] || export SSL_CERT_FILE="$certificates"
done

works uv && exec uv "$@"
works "$here/bin/uv" || fetch
exec "$here/bin/uv" "$@"
