#!/bin/sh
# Deprecated, for local development only: builds an image and pushes it to ECR as SHA and VERSION, unscanned.
#
#   scripts/ecr-build-push.sh --registry R --name N --sha S --version V [--region eu-west-2] [--context .] [--dockerfile F]
#
# `make deliver` and `goldenpath deliver` are the way; this remains for those who have it in their fingers.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
python=$(python3 -I "$here/../bin/environment" "${GOLDENPATH_LOCK:-runtime}")
exec "$python" -I "$here/ecr_build_push.py" "$@"
