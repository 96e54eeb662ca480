#!/usr/bin/env python3
"""Holds the exports against the weights they came from, on four held-out documents; fails if a logit is off by more than 1e-3.

Usage: python3 check_exports.py <model folder> <exports folder>      exports: model.onnx, decoder.onnx, model.pt

Both sides compute in float32 and differ by rounding alone. ONNX Runtime comes from the npm package onnxruntime-node:
NODE_PATH names the node_modules folder that holds it.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import train

HERE, LIMIT = Path(__file__).parent, 1e-3


def main(folder, exports):
    weights, exports = train.read_safetensors(Path(folder) / "model.safetensors"), Path(exports)
    texts = [d["ids"] for d in json.loads((HERE / "golden/documents.json").read_text(encoding="utf-8"))["documents"][:64:16]]
    with torch.no_grad():
        expected = [train.logits(weights, torch.tensor([t]))[0].numpy() for t in texts]
        script = torch.jit.load(str(exports / "model.pt"))
        worst = {"TorchScript": max(np.abs(script(torch.tensor([t]))[0].numpy() - e).max() for t, e in zip(texts, expected))}
    with tempfile.TemporaryDirectory() as scratch:
        requests = Path(scratch) / "requests.json"
        requests.write_text(json.dumps(texts), encoding="utf-8")
        subprocess.run(["node", HERE / "check_onnx.cjs", exports, requests, scratch], check=True)
        read = lambda name: np.fromfile(Path(scratch) / name, dtype="<f4").reshape(-1, train.VOCAB)
        for kind in ("stateless", "cached"):
            worst[f"ONNX {kind}"] = max(np.abs(read(f"{n}.{kind}.f32") - e).max() for n, e in enumerate(expected))
        batch, length = read("batch.f32"), max(len(t) for t in texts[:2])
        worst["ONNX cached, two texts, padded"] = max(
            np.abs(batch[(i + 1) * length - len(e):(i + 1) * length] - e).max() for i, e in enumerate(expected[:2]))
    for name, error in worst.items():
        print(f"{name}: largest difference of a logit {error:.1e}")
    if not max(worst.values()) <= LIMIT:
        sys.exit(f"an export differs from its weights by more than {LIMIT}")


if __name__ == "__main__":
    main(*sys.argv[1:])
