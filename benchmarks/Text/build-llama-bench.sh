#!/usr/bin/env bash
# Builds llama.cpp's own measuring programs against the libraries that the adapter loads, so that both sides of the comparison
# compute with the same machine code: only what lies around the library differs.
#
# Usage: build-llama-bench.sh FOLDER [TARBALLS]
#   FOLDER    gets llama-bench, llama-batched-bench, llama-perplexity and the libraries; give it to the host as --library
#   TARBALLS  a folder with the two packages already fetched (npm pack); fetched through npm if left out
#
# Needs bash, git, g++ (C++17), tar, openssl, and npm unless TARBALLS is given. Takes half a minute and no other build system:
# each program is two source files over libllama-common.so, which the package brings.
set -euo pipefail

version=3.22.1
declare -A packages=(
  [node-llama-cpp]="node-llama-cpp-$version.tgz bltIipuWmc123H7tMIgDGKSsSrhmhlQYeVUC48XTjVW7XGJJiJJyCdlTMzQ/LiWoPkGDpcL4FviDpgw7qfTiDw=="
  [@node-llama-cpp/linux-x64]="node-llama-cpp-linux-x64-$version.tgz 5uCCDNqWCNfaAm8aR/Uzxbo4HBpKgNF91kCHPepKhgMgV2OAmatoefbOlMihsqCiH2Od35E/eUHQCFbfRBJuOg=="
)

[[ $# -ge 1 && $# -le 2 ]] || { sed -n '5,7s/^# \{0,1\}//p' "$0" >&2; exit 3; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for package in "${!packages[@]}"; do
  read -r file digest <<<"${packages[$package]}"
  if [[ $# -eq 2 ]]; then cp "$2/$file" "$work/"; else (cd "$work" && npm pack --silent "$package@$version" >/dev/null); fi
  found=$(openssl dgst -sha512 -binary "$work/$file" | base64 -w0)
  [[ $found == "$digest" ]] || { echo "$file: sha512-$found; expected sha512-$digest" >&2; exit 1; }
done

tar xzf "$work/node-llama-cpp-$version.tgz" -C "$work" package/llama/gitRelease.bundle
git -c advice.detachedHead=false clone --quiet "$work/package/llama/gitRelease.bundle" "$work/source"
tar xzf "$work/node-llama-cpp-linux-x64-$version.tgz" -C "$out" --strip-components=3 --wildcards 'package/bins/linux-x64/*.so'

cd "$work/source"
for tool in llama-bench batched-bench perplexity; do
  program=$out/llama-${tool#llama-}
  # -O2 as in a release build: nothing of the computation lies in these files
  g++ -O2 -std=c++17 -Icommon -Iinclude -Iggml/include -Ivendor "tools/$tool/main.cpp" "tools/$tool/$tool.cpp" -o "$program" \
    -L"$out" -l:libllama-common.so -l:libllama.v0.5.0.so -l:libggml.v0.5.0.so -l:libggml-base.so -pthread "-Wl,-rpath,\$ORIGIN"
done
echo "llama.cpp $(git log -1 --format=%s%b | grep -o 'version to [0-9.]*' | cut -d' ' -f3) from $version: $out"
