#!/usr/bin/env python3
"""Trains tiny-poet from the token files that corpus.py wrote, with checkpoints, and writes bf16 safetensors.

Usage: python3 train.py <data folder> <work folder>      (continues from the work folder's checkpoint if there is one)

The schedule is warm-up, stable, decay: the learning rate holds at its peak and falls linearly to zero over the last
DECAY steps. Matrices learn by Muon (momentum orthogonalised by Newton-Schulz), everything else by AdamW.

Environment: THREADS (1; the committed weights come from 1, and the order of summation depends on it), STEPS, DECAY.
"""
import json
import os
import struct
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

VOCAB, WIDTH, LAYERS, HEADS, KV_HEADS, HIDDEN = 4096, 128, 6, 4, 2, 384
THETA, EPSILON, HEAD = 10000.0, 1e-6, 32
CONTEXT, BATCH, MICRO = 256, 24, 12
STEPS = int(os.environ.get("STEPS", "2000"))
WARMUP, DECAY = 60, int(os.environ.get("DECAY", "700"))
PEAK_MATRIX, PEAK_OTHER, SEED = 0.02, 0.003, 20261122


def parameters():
    torch.manual_seed(SEED)
    normal = lambda *shape, std: torch.randn(*shape) * std
    w = {"model.embed_tokens.weight": normal(VOCAB, WIDTH, std=0.02), "model.norm.weight": torch.ones(WIDTH)}
    for i in range(LAYERS):
        p, std, out = f"model.layers.{i}.", WIDTH ** -0.5, 0.02
        w[p + "input_layernorm.weight"] = torch.ones(WIDTH)
        w[p + "post_attention_layernorm.weight"] = torch.ones(WIDTH)
        for name, rows in (("q", HEADS * HEAD), ("k", KV_HEADS * HEAD), ("v", KV_HEADS * HEAD)):
            w[p + f"self_attn.{name}_proj.weight"] = normal(rows, WIDTH, std=std)
            w[p + f"self_attn.{name}_proj.bias"] = torch.zeros(rows)
        w[p + "self_attn.o_proj.weight"] = normal(WIDTH, HEADS * HEAD, std=out)
        w[p + "mlp.gate_proj.weight"] = normal(HIDDEN, WIDTH, std=std)
        w[p + "mlp.up_proj.weight"] = normal(HIDDEN, WIDTH, std=std)
        w[p + "mlp.down_proj.weight"] = normal(WIDTH, HIDDEN, std=out)
    return {name: t.requires_grad_() for name, t in w.items()}


def rotation(length):
    angles = torch.arange(length)[:, None] * THETA ** (-torch.arange(0, HEAD, 2) / HEAD)[None, :]
    return torch.cat([angles.cos()] * 2, 1), torch.cat([angles.sin()] * 2, 1)


def norm(x, gain):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * gain


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


def logits(w, ids):
    """ids [B, T] -> logits [B, T, VOCAB]: Qwen2, tied embeddings."""
    b, t = ids.shape
    cos, sin = rotation(t)
    mask = torch.full((t, t), -1e9).triu(1)
    x = F.embedding(ids, w["model.embed_tokens.weight"])
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        h = norm(x, w[p + "input_layernorm.weight"])
        q, k, v = (F.linear(h, w[p + f"self_attn.{n}_proj.weight"], w[p + f"self_attn.{n}_proj.bias"])
                   .view(b, t, -1, HEAD).transpose(1, 2) for n in "qkv")
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        k, v = (a.repeat_interleave(HEADS // KV_HEADS, 1) for a in (k, v))
        scores = torch.softmax(q @ k.transpose(-1, -2) * HEAD ** -0.5 + mask, -1)
        x = x + F.linear((scores @ v).transpose(1, 2).reshape(b, t, -1), w[p + "self_attn.o_proj.weight"])
        h = norm(x, w[p + "post_attention_layernorm.weight"])
        x = x + F.linear(F.silu(F.linear(h, w[p + "mlp.gate_proj.weight"])) * F.linear(h, w[p + "mlp.up_proj.weight"]),
                         w[p + "mlp.down_proj.weight"])
    return F.linear(norm(x, w["model.norm.weight"]), w["model.embed_tokens.weight"])


def is_matrix(name):
    return name.endswith("proj.weight")


def orthogonalise(g):
    """Newton-Schulz iteration of Muon (Jordan et al., 2024): the nearest semi-orthogonal matrix, roughly."""
    x = g / (g.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if tall else x


def update(w, state, step, rate):
    for name, t in w.items():
        g = t.grad
        if is_matrix(name):
            m = state.setdefault(name, torch.zeros_like(t)).mul_(0.95).add_(g)
            step_size = rate * PEAK_MATRIX * max(1, t.shape[0] / t.shape[1]) ** 0.5
            t.mul_(1 - 0.05 * rate * PEAK_MATRIX).add_(orthogonalise(g + 0.95 * m), alpha=-step_size)
        else:
            m, v = state.setdefault(name, (torch.zeros_like(t), torch.zeros_like(t)))
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.95).addcmul_(g, g, value=0.05)
            t.add_((m / (1 - 0.9 ** step)) / ((v / (1 - 0.95 ** step)).sqrt() + 1e-8), alpha=-rate * PEAK_OTHER)
        t.grad = None


def rate_at(step):
    return min(1.0, step / WARMUP, max(0.0, (STEPS - step + 1) / DECAY))


def batches(data):
    """Epoch by epoch, windows of CONTEXT + 1 tokens from a random offset, in random order."""
    rng = np.random.default_rng(SEED)
    while True:
        offset = int(rng.integers(CONTEXT))
        starts = np.arange(offset, len(data) - CONTEXT - 1, CONTEXT)
        rng.shuffle(starts)
        for i in range(0, len(starts) - BATCH + 1, BATCH):
            yield torch.from_numpy(np.stack([data[s:s + CONTEXT + 1] for s in starts[i:i + BATCH]]).astype(np.int64))


@torch.no_grad()
def held_out_loss(w, data):
    """Mean negative log likelihood in nats per token over consecutive windows."""
    count = (len(data) - 1) // CONTEXT
    x = torch.from_numpy(data[:count * CONTEXT].astype(np.int64)).view(count, CONTEXT)
    y = torch.from_numpy(data[1:count * CONTEXT + 1].astype(np.int64)).view(count, CONTEXT)
    return sum(F.cross_entropy(logits(w, x[i:i + 8]).flatten(0, 1), y[i:i + 8].flatten(), reduction="sum").item()
               for i in range(0, count, 8)) / (count * CONTEXT)


def write_safetensors(path, w):
    header, offset, blobs = {"__metadata__": {"format": "pt"}}, 0, []
    for name in sorted(w):
        bits = w[name].detach().to(torch.bfloat16).contiguous().view(torch.int16).numpy().astype("<i2").tobytes()
        header[name] = {"dtype": "BF16", "shape": list(w[name].shape), "data_offsets": [offset, offset + len(bits)]}
        offset += len(bits)
        blobs.append(bits)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_safetensors(path):
    """Weights of a file that write_safetensors wrote, as float32."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = {n: e for n, e in json.loads(data[8:8 + size]).items() if n != "__metadata__"}
    return {name: torch.from_numpy((np.frombuffer(data, "<u2", (e["data_offsets"][1] - e["data_offsets"][0]) // 2, 8 + size + e["data_offsets"][0])
                                    .astype(np.uint32) << 16).view(np.float32).copy()).view(e["shape"]) for name, e in header.items()}


def main(data_folder, work):
    torch.set_num_threads(int(os.environ.get("THREADS", "1")))
    data_folder, work = Path(data_folder), Path(work)
    work.mkdir(parents=True, exist_ok=True)
    train, held = (np.fromfile(data_folder / f"{n}.u2", dtype="<u2") for n in ("train", "held"))
    w, state, done = parameters(), {}, 0
    print("parameters", sum(t.numel() for t in w.values()), flush=True)
    if (work / "checkpoint.pt").exists():
        saved = torch.load(work / "checkpoint.pt")
        done, state = saved["step"], saved["state"]
        w = {n: t.requires_grad_() for n, t in saved["weights"].items()}
    curve = open(work / "loss.csv", "a", encoding="utf-8")
    if done == 0:
        curve.write("step,tokens,train_loss,held_out_loss\n")
    feed, mean, clock = batches(train), None, time.time()
    for step in range(1, STEPS + 1):
        batch = next(feed)
        if step <= done:
            continue
        loss = 0.0
        for i in range(0, BATCH, MICRO):
            part = batch[i:i + MICRO]
            part_loss = F.cross_entropy(logits(w, part[:, :-1]).flatten(0, 1), part[:, 1:].flatten()) * (MICRO / BATCH)
            part_loss.backward()
            loss += part_loss.item()
        with torch.no_grad():
            update(w, state, step, rate_at(step))
        mean = loss if mean is None else 0.95 * mean + 0.05 * loss
        if step % 10 == 0:
            print(step, f"{mean:.4f}", f"{10 * BATCH * CONTEXT / (time.time() - clock):.0f} tokens/s", flush=True)
            clock = time.time()
        if step % 100 == 0 or step == STEPS:
            curve.write(f"{step},{step * BATCH * CONTEXT},{mean:.4f},{held_out_loss(w, held):.4f}\n")
            curve.flush()
            torch.save({"step": step, "state": state, "weights": {n: t.detach() for n, t in w.items()}}, work / "checkpoint.new")
            os.replace(work / "checkpoint.new", work / "checkpoint.pt")
            clock = time.time()
    write_safetensors(work / "model.safetensors", w)


if __name__ == "__main__":
    main(*sys.argv[1:])
