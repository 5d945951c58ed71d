#!/bin/sh
# `model.sh <model>`: says nothing if the file is what was trained; else says so, and fails. deploy/train.py writes the
# checksum beside it.
set -eu
refuse() {
    echo "$1" >&2
    exit 1
}

model=${1:-}
[ -n "$model" ] || refuse "Rasa has to be told its model: --model <file>."
[ -f "$model" ] || refuse "The model $model is missing: \`make train\` makes it."
[ -f "$model.sha256" ] || refuse "The model $model has no checksum ($model.sha256): \`make train\` makes both anew."
read -r expected name <"$model.sha256" || expected='' name=''
[ "$(sha256sum <"$model" | cut -c 1-64) $(basename "$model")" = "$expected $name" ] || refuse \
    "The model $model is not what was trained: its SHA-256 is not the one in $model.sha256. Remove both and run \`make train\`, or bring both again."
