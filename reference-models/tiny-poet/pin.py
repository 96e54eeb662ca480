#!/usr/bin/env python3
"""Writes size and sha256 of every file that model.yaml names, and of every form that it exports to, into model.yaml.

Usage: python3 pin.py ADAPT        (the program whose `model export` makes the forms)
"""
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
FILE = re.compile(r"\{path: (?P<path>[^,}]+), bytes: \d+, sha256: [0-9a-f]{64}\}")
FORM = re.compile(r"\{precision: (?P<type>\w+), format: gguf, bytes: \d+, sha256: [0-9a-f]{64}\}")


def pin(content):
    return f"bytes: {len(content)}, sha256: {hashlib.sha256(content).hexdigest()}}}"


def file(match):
    return f"{{path: {match['path']}, {pin((HERE / match['path']).read_bytes())}"


def form(match):
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "model.gguf"
        subprocess.run([sys.argv[1], "model", "export", HERE, "--type", match["type"], "--out", made], check=True, stdout=subprocess.DEVNULL)
        return f"{{precision: {match['type']}, format: gguf, {pin(made.read_bytes())}"


if __name__ == "__main__":
    manifest = HERE / "model.yaml"
    manifest.write_text(FORM.sub(form, FILE.sub(file, manifest.read_text(encoding="utf-8"))), encoding="utf-8")
