#!/usr/bin/env bash
# Takes the weights of a training run into this folder, and everything that follows from them: evaluation.md, the pins of model.yaml,
# and a check that the exports compute the same. Run it again after every training; git diff then shows what changed.
#
# Usage: finish.sh WORK DATA [EXPORTS]
#   WORK     what train.py was given: model.safetensors and loss.csv
#   DATA     what corpus.py made
#   EXPORTS  keeps model.onnx, decoder.onnx and model.pt there; a temporary folder if left out
# Environment: ADAPT, the built program (../../adapt if unset); UNFINISHED=1 takes checkpoint.pt of a training under way; NODE_PATH, a node_modules folder with onnxruntime-node 1.30.0
# (fetched through npm if unset); PYTHON (/usr/bin/python3), with torch, numpy and onnx.
set -euo pipefail

[[ $# -ge 2 && $# -le 3 ]] || { sed -n '5,10s/^# \{0,1\}//p' "$0" >&2; exit 3; }
work=$(realpath "$1") data=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
exports=$(realpath -m "${3:-$scratch/exports}")
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}
export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

"$python" -c 'import sys; from pathlib import Path; import corpus; corpus.check(Path(sys.argv[1]))' "$data"
if [[ ${UNFINISHED:-} == 1 ]]; then
  "$python" -c 'import sys, torch, train; from pathlib import Path
train.write_safetensors(Path("model.safetensors"), torch.load(sys.argv[1])["weights"])' "$work/checkpoint.pt"
else
  last=$(tail -n 1 "$work/loss.csv" | cut -d, -f1)
  [[ -f $work/model.safetensors && $last == "$("$python" -c 'import train; print(train.STEPS)')" ]] || {
    echo "the training has not ended: loss.csv is at step $last; UNFINISHED=1 takes its checkpoint" >&2
    exit 1
  }
  cp "$work/model.safetensors" .
fi
cp "$work/loss.csv" .
chmod 644 model.safetensors loss.csv

"$python" golden.py "$data" golden
"$python" evaluate.py "$data" .

if [[ -z ${NODE_PATH:-} ]]; then
  npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$scratch/node" onnxruntime-node@1.30.0
  export NODE_PATH=$scratch/node/node_modules
fi
mkdir -p "$exports"
"$python" export_onnx.py . "$exports/model.onnx" --stateless
"$python" export_onnx.py . "$exports/decoder.onnx"
"$python" export_torchscript.py . "$exports/model.pt"
"$python" check_exports.py . "$exports"

"$python" pin.py "${ADAPT:-../../adapt}"
sha256sum model.safetensors
