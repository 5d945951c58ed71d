#!/bin/sh
# `rasa.sh run …`: Rasa as it should be started in its project's folder, with that folder's environment. Becomes Rasa.
set -eu
export PYTHONPATH="$PWD" RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= SQLALCHEMY_SILENCE_UBER_WARNING=1
unset PYTHONDONTWRITEBYTECODE # without bytecode every start is slow

# skops looks for every name it trusts in every loaded module: nothing before TensorFlow's thousands, ten seconds after.
exec .venv/bin/python -c 'import skops.io; from rasa.__main__ import main; main()' "$@"
