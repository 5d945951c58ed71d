#!/bin/sh
# Prints where a program is that the tests need; installs Debian's package when it is missing and it may.
#   package.sh chromium: the path of a Chromium. It is started without its sandbox (Playwright's own default), so it runs
#                        for root and in containers as well.
#   package.sh postgresql: the folder of PostgreSQL's programs.
#   package.sh redis: the path of the Redis server.
#   package.sh nginx: the path of the reverse proxy.
#   package.sh iproute2: the path of ip, which makes networks.
set -eu
cd "$(dirname "$0")/.."

find_chromium() {
    for program in ${CHROMIUM:-} chromium chromium-browser google-chrome; do
        "$program" --version >/dev/null 2>&1 && command -v "$program" && return
    done
    return 1
}

find_postgresql() {
    for folder in ${POSTGRES_BIN:-} /usr/lib/postgresql/*/bin "$(dirname "$(command -v initdb || echo /nowhere)")"; do
        "$folder/initdb" --version >/dev/null 2>&1 && echo "$folder" && return
    done
    return 1
}

find_redis() {
    for program in ${REDIS_SERVER:-} redis-server; do
        "$program" --version >/dev/null 2>&1 && command -v "$program" && return
    done
    return 1
}

find_nginx() {
    for program in ${NGINX:-} nginx /usr/sbin/nginx; do
        "$program" -v >/dev/null 2>&1 && command -v "$program" && return
    done
    return 1
}

find_iproute2() {
    for program in ip /usr/sbin/ip /sbin/ip; do
        "$program" -V >/dev/null 2>&1 && command -v "$program" && return
    done
    return 1
}

install() {
    command -v apt-get >/dev/null || return 1
    sudo=$(sh deploy/root.sh) || return 1
    echo "Installing Debian's package $package for the tests ..." >&2
    $sudo apt-get update -q >&2 && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package" >&2
}

wanted=${1:-}
case $wanted in
chromium) package=chromium other="CHROMIUM=/path/to/it" without="NO_BROWSER=1" ;;
postgresql) package=postgresql other="POSTGRES_BIN=/folder/of/its/programs" without="NO_POSTGRES=1" ;;
redis) package=redis-server other="REDIS_SERVER=/path/to/it" without="NO_REDIS=1" ;;
nginx) package=nginx-light other="NGINX=/path/to/it" without="NO_NGINX=1" ;;
iproute2) package=iproute2 other="PATH=/folder/of/it:\$PATH" without="NO_NETWORKS=1" ;;
*)
    echo "usage: sh deploy/package.sh chromium|postgresql|redis|nginx|iproute2" >&2
    exit 2
    ;;
esac

"find_$wanted" && exit
install </dev/null && "find_$wanted" && exit
echo "The tests need the Debian package '$package': install it as root (apt-get install $package)," \
    "name another one with $other, or leave it out knowingly: make test $without." >&2
exit 1
