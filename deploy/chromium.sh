#!/bin/sh
# Prints the path of the Chromium that the browser test drives; installs Debian's package when it is missing and it may.
# It is started without its sandbox (Playwright's own default), so it runs for root and in containers as well.
set -eu
cd "$(dirname "$0")/.."

found() {
    for candidate in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
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
    echo "Installing Debian's package chromium for the browser test ..." >&2
    $sudo apt-get update -q >&2 && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium >&2
}

found && exit
install </dev/null && found && exit
echo "The browser test needs the Debian package 'chromium': install it as root (apt-get install chromium)," \
    "name another one with CHROMIUM=/path/to/it, or leave the test out knowingly: make test NO_BROWSER=1." >&2
exit 1
