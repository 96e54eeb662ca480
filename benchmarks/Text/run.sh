#!/usr/bin/env bash
# Compares the host with llama.cpp's own programs and writes benchmarks/results/text.md.
#
# Usage: run.sh HOST SMALL-GGUF LARGE-GGUF [REPEATS]
#   HOST         the adaptation-host that ./adapt builds
#   SMALL-GGUF   tiny-poet
#   LARGE-GGUF   a model in the shape of Qwen2.5-0.5B
# Environment: THREADS, a list such as "1 2" (all measured in turn; 1 and the number of cores if unset), TOOLS, the folder that
# build-llama-bench.sh makes (made on the spot if unset), PEER_SERVER, a llama-server over the same libraries (left out if unset).
# Nothing else should run meanwhile.
set -euo pipefail

[[ $# -ge 3 && $# -le 4 ]] || { sed -n '4,7s/^# \{0,1\}//p' "$0" >&2; exit 3; }
here=$(cd "$(dirname "$0")" && pwd)
host=$(realpath "$1") small=$(realpath "$2") large=$(realpath "$3") repeats=${4:-7}
tools=${TOOLS:-}
if [[ -z $tools ]]; then
  tools=$(mktemp -d)
  trap 'rm -rf "$tools"' EXIT
  "$here/build-llama-bench.sh" "$tools"
fi

cores=$(nproc)
read -ra threads <<<"${THREADS:-1${cores:+ $cores}}"
dotnet build "$here" -c Release -v q -nologo
program=$here/../../artifacts/bin/Adaptation.Benchmarks.Text/release/Adaptation.Benchmarks.Text
result=$here/../results/text.md
{
  echo "# Text: host and wire against llama.cpp's own programs, $(date -u +%F)"
  for count in "${threads[@]}"; do
    printf '\n## %s thread(s)\n\n' "$count"
    "$program" --host "$host" --tools "$tools" --small "$small" --large "$large" --threads "$count" --repeats "$repeats" ${PEER_SERVER:+--peer-server "$PEER_SERVER"}
  done
} >"$result.new"
mv "$result.new" "$result"
cat "$result"
