#!/usr/bin/env python3
"""Makes and checks the golden pack of silero-vad.  For developers; the product never runs it.

    make_golden.py PACKAGE make          compute the cases and what is expected of them, write golden/
    make_golden.py PACKAGE separate      show that known-bad arithmetic breaks the tolerance
    make_golden.py compare DIR           hold DIR/<case>.<output>.bin (an evidence's outputs/) against the golden pack

PACKAGE is the unpacked npm package that model.yaml names.  Needs numpy and onnx (used only to parse the file).

The reference is a float64 forward pass written from the architecture: reflection, a short-time Fourier transform as a
convolution, four convolutions, one LSTM cell, a sigmoid.  It reads the weights alone and shares no code with any engine.
"""

import gzip
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
RTOL_PPB, ATOL_PPB = 1_000_000, 2_000

# Samples of one frame, of the frame before that the network also sees, and the branch of the graph that computes them.
RATES = {16000: (512, 64, "then"), 8000: (256, 32, "else")}


class Network:
    """The weights of one sample rate, in the precision of the arithmetic."""

    def __init__(self, package, rate, dtype=np.float64, change=lambda name, w: w):
        import onnx
        from onnx import numpy_helper

        graph = onnx.load(Path(package) / "weights/silero_vad.onnx").graph
        branch = RATES[rate][2] + "_branch"
        switch = next(n for n in graph.node if n.op_type == "If")
        nodes = next(a.g for a in switch.attribute if a.name == branch).node
        prefix = f"If_0_{branch}__Inline_0__"
        self.w = {
            n.output[0][len(prefix):]: change(n.output[0], numpy_helper.to_array(n.attribute[0].t)).astype(dtype)
            for n in nodes if n.op_type == "Constant" and n.output[0].startswith(prefix) and n.attribute[0].t.data_type == 1
        }
        self.dtype, self.window = dtype, self.w["stft.forward_basis_buffer"].shape[2]

    def __call__(self, x, state):
        """x [B, samples], state [2, B, 128] to output [B, 1], stateN [2, B, 128]."""
        w, x = self.w, x.astype(self.dtype)
        pad = self.window // 4
        x = np.concatenate([x, x[:, -2 : -2 - pad : -1]], 1)[:, None]  # reflected, the last sample not repeated
        y = convolve(x, w["stft.forward_basis_buffer"], stride=self.window // 2)
        bins = y.shape[1] // 2
        y = np.sqrt(y[:, :bins] ** 2 + y[:, bins:] ** 2)
        for at, stride in enumerate((1, 2, 2, 1)):
            y = np.pad(y, ((0, 0), (0, 0), (1, 1)))
            y = convolve(y, w[f"encoder.{at}.reparam_conv.weight"], stride) + w[f"encoder.{at}.reparam_conv.bias"][None, :, None]
            y = np.maximum(y, 0)
        assert y.shape[2] == 1
        hidden, cell = state.astype(self.dtype)
        gates = y[:, :, 0] @ w["decoder.rnn.weight_ih"].T + w["decoder.rnn.bias_ih"] + hidden @ w["decoder.rnn.weight_hh"].T + w["decoder.rnn.bias_hh"]
        i, f, g, o = np.split(gates, 4, 1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        last = np.maximum(hidden, 0) @ w["decoder.decoder.2.weight"][0] + w["decoder.decoder.2.bias"]
        return sigmoid(last), np.stack([hidden, cell])


def convolve(x, w, stride):
    """x [B, in, T], w [out, in, K] to [B, out, 1 + (T - K) // stride]."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2], 2)[:, :, ::stride]
    return np.einsum("bctk,ock->bot", windows, w)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# ---- What is heard ---------------------------------------------------------------------------


def voiced(rate, samples):
    """A vowel: the harmonics of a gliding pitch under three formants, swelling and fading."""
    t = np.arange(samples) / rate
    pitch = 130 + 25 * np.sin(2 * np.pi * 3 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    heard = np.zeros(samples)
    for harmonic in range(1, 25):
        frequency = harmonic * pitch
        formants = sum(a / (1 + ((frequency - f) / b) ** 2) for f, b, a in ((700, 110, 1.0), (1200, 120, 0.6), (2600, 160, 0.3)))
        heard += np.where(frequency < 0.45 * rate, formants / harmonic**0.5, 0) * np.sin(harmonic * phase)
    return 0.3 * heard / np.abs(heard).max() * (0.7 + 0.3 * np.sin(2 * np.pi * 4 * t))


def noise(rate, samples):
    return 0.05 * np.random.RandomState(20261122).normal(0, 1, samples)


def silence(rate, samples):
    return np.zeros(samples)


# id, sample rate, what is heard in each row of the batch, frames heard before, which leave the state behind
CASES = [
    ("silence-first", 16000, [silence], 0),
    ("voiced", 16000, [voiced], 1),
    ("voiced-8k", 8000, [voiced], 3),
    ("noise-and-voiced", 16000, [noise, voiced], 12),
]


def frame(sound, rate, at):
    """The at-th frame behind the end of the one before it, as callers of this network give it."""
    new, before, _ = RATES[rate]
    heard = np.concatenate([np.zeros(before), sound(rate, (at + 1) * new)])
    return heard[-(before + new) :]


def inputs(network, rate, sounds, frames):
    """Input and state of a case, as float32: that is what travels to the server."""
    state = np.zeros((2, len(sounds), 128))
    for at in range(frames):
        _, state = network(np.stack([frame(s, rate, at) for s in sounds]).astype(np.float32), state)
    return np.stack([frame(s, rate, frames) for s in sounds]).astype(np.float32), state.astype(np.float32)


# ---- The pack --------------------------------------------------------------------------------


def keep(name, path, array):
    packed = gzip.compress(np.ascontiguousarray(array).tobytes(), 9, mtime=0)
    file = GOLDEN / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(packed)
    return {"name": name, "path": path, "sha256": hashlib.sha256(packed).hexdigest(), "shape": list(array.shape)}


def make(package):
    cases = []
    for name, rate, sounds, frames in CASES:
        network = Network(package, rate)
        x, state = inputs(network, rate, sounds, frames)
        output, after = network(x, state)
        print(f"{name}: speech {', '.join(f'{p:.4f}' for p in output[:, 0])}")
        cases.append({
            "id": name,
            "inputs": [
                keep("input", f"inputs/{name}.input.f32.gz", x), keep("state", f"inputs/{name}.state.f32.gz", state),
                keep("sr", f"inputs/{name}.sr.i64.gz", np.array(rate, dtype="<i8")),
            ],
            "outputs": [
                keep("output", f"expected/{name}.output.f32.gz", output.astype("<f4")), keep("stateN", f"expected/{name}.stateN.f32.gz", after.astype("<f4")),
            ],
        })
    index = {
        "schema": "adaptation.golden/v1",
        "model": "silero-vad",
        "reference": "float64 forward pass, make_golden.py",
        "tolerance": {"rtolPpb": RTOL_PPB, "atolPpb": ATOL_PPB},
        "noise": {"note": "README.md"},
        "cases": cases,
    }
    text = json.dumps(index, indent=1) + "\n"
    (GOLDEN / "golden.json").write_text(text, "utf-8")
    print("golden.json sha256", hashlib.sha256(text.encode()).hexdigest())


def expected(name, output):
    return np.frombuffer(gzip.decompress((GOLDEN / f"expected/{name}.{output}.f32.gz").read_bytes()), "<f4").astype(np.float64)


def against(label, answers):
    """answers: (case, output) to float32 values."""
    for output in ("output", "stateN"):
        gaps = [(np.abs(answers[name, output] - expected(name, output)), ATOL_PPB / 1e9 + RTOL_PPB / 1e9 * np.abs(expected(name, output))) for name, *_ in CASES]
        worst, over = max(g.max() for g, _ in gaps), max((g / b).max() for g, b in gaps)
        outside, count = sum(int((g > b).sum()) for g, b in gaps), sum(g.size for g, _ in gaps)
        print(f"{label:34} {output:7} max abs {worst:.3g}, of the tolerance {over:.3g}, outside {outside} of {count}")


def compare(folder):
    against(folder, {
        (name, output): np.fromfile(Path(folder) / f"{name}.{at}.bin", "<f4").astype(np.float64) for name, *_ in CASES for at, output in enumerate(("output", "stateN"))
    })


def separate(package):
    def run(label, dtype, change=lambda name, w: w, bend=lambda x, state: (x, state)):
        answers = {}
        for name, rate, sounds, frames in CASES:
            x, state = bend(*inputs(Network(package, rate), rate, sounds, frames))
            for output, value in zip(("output", "stateN"), Network(package, rate, dtype, change)(x, state)):
                answers[name, output] = value.astype("<f4").astype(np.float64).ravel()
        against(label, answers)

    def bits8(name, w):
        step = np.abs(w).max() / 127
        return np.rint(w / step) * step if w.ndim > 1 else w

    def rounded(bits):
        def change(name, w):
            scale = 2.0 ** (np.floor(np.log2(np.maximum(np.abs(w), 1e-38))) - bits + 1)
            return np.rint(w / scale) * scale
        return change

    run("float32 numpy", np.float32)
    run("weights int8, per tensor", np.float64, bits8)
    run("weights bfloat16", np.float64, rounded(8))
    run("weights TF32", np.float64, rounded(11))
    run("a state of zeros", np.float64, bend=lambda x, state: (x, np.zeros_like(state)))
    run("hidden and cell state swapped", np.float64, bend=lambda x, state: (x, state[::-1]))


if __name__ == "__main__":
    if sys.argv[1] == "compare":
        compare(sys.argv[2])
    else:
        {"make": make, "separate": separate}[sys.argv[2]](sys.argv[1])
