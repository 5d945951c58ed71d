#!/bin/sh
# `rasa.sh run --model <file> …`: Rasa as it should be started in its project's folder, with that folder's environment
# and secrets. Refuses a model that is not what was trained. Becomes Rasa.
set -eu
deploy=$(cd "$(dirname "$0")" && pwd)
# Told to stop, it lets turns come to their end, and is gone within ten seconds.
export SANIC_GRACEFUL_SHUTDOWN_TIMEOUT=5
export PYTHONPATH="$PWD" RASA_TELEMETRY_ENABLED=false SQLALCHEMY_SILENCE_UBER_WARNING=1
unset PYTHONDONTWRITEBYTECODE # without bytecode every start is slow

# What doesn't make a model or look at data loads one.
case ${1:-} in
train | data) ;;
*)
    model='' before=''
    for argument in "$@"; do
        case $before in --model | -m) model=$argument ;; esac
        before=$argument
    done
    sh "$deploy/model.sh" "$model"
    ;;
esac

exec .venv/bin/python -I -S "$deploy/secret_files.py" \
    .venv/bin/python -c 'import lean; from rasa.__main__ import main; main()' "$@"
