#!/bin/sh
# `venv.sh <folder> <python>`: builds <folder>/.venv with that Python, holding just what <folder>/requirements.lock says.
set -eu
cd "$(dirname "$0")/.."
folder=$1
wanted=$2
venv=$folder/.venv
# pyenv's interpreters are found even where its stand-ins are not on the PATH, as in CI.
PATH=$PATH:${PYENV_ROOT:-${HOME:-}/.pyenv}/shims
log=.tools/python.log

sh deploy/uv.sh --version >/dev/null
if ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    mkdir -p .tools
    echo "Finding Python $wanted, or fetching it ..." >&2
    sh deploy/uv.sh venv --no-project --python "$wanted" "$venv" >"$log" 2>&1 || {
        echo "Python $wanted is missing and could not be fetched (why: $log): install it, for instance with pyenv, and run make again." >&2
        exit 1
    }
fi
echo "Installing into $venv ..." >&2
sh deploy/uv.sh pip sync --compile-bytecode --python "$venv/bin/python" "$folder/requirements.lock" || {
    echo "$venv could not be built from $folder/requirements.lock: the lines above say why; then run make again." >&2
    exit 1
}
