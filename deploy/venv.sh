#!/bin/sh
# `venv.sh <folder> <python>`: builds <folder>/.venv with that Python, holding just what <folder>/requirements.lock says.
set -eu
cd "$(dirname "$0")/.."
folder=$1
wanted=$2
venv=$folder/.venv
# pyenv's interpreters are found even where its stand-ins are not on the PATH, as in CI.
PATH=$PATH:${PYENV_ROOT:-$HOME/.pyenv}/shims

uv=$(sh deploy/uv.sh)
if ! "$venv/bin/python" -c '' 2>/dev/null; then
    rm -rf "$venv"
    "$uv" venv --quiet --no-project --python "$wanted" "$venv" || {
        echo "Python $wanted is missing and uv could not fetch it: install it (for instance with pyenv) and run make again." >&2
        exit 1
    }
fi
echo "Building $venv ..." >&2
"$uv" pip sync --compile-bytecode --python "$venv/bin/python" "$folder/requirements.lock" || {
    echo "$venv could not be built from $folder/requirements.lock: the lines above say why; then run make again." >&2
    exit 1
}
