#!/usr/bin/env python3
"""Writes the weights as a TorchScript module, float32 (bfloat16 widens exactly): input_ids INT64 [B, T] in, logits [B, T, 4096] out.

Usage: python3 export_torchscript.py <model folder> <output.pt>

Scripted, not traced: B and T stay free, and there is no example whose length could be baked in.
"""
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import train


def norm(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + epsilon) * gain


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin


class Layer(nn.Module):
    def __init__(self, w, prefix):
        super().__init__()
        for name in ("q", "k", "v", "o"):
            self.register_buffer(name, w[f"{prefix}self_attn.{name}_proj.weight"])
        for name in ("q", "k", "v"):
            self.register_buffer(f"{name}_bias", w[f"{prefix}self_attn.{name}_proj.bias"])
        for name in ("gate", "up", "down"):
            self.register_buffer(name, w[f"{prefix}mlp.{name}_proj.weight"])
        self.register_buffer("before_attention", w[prefix + "input_layernorm.weight"])
        self.register_buffer("before_feed_forward", w[prefix + "post_attention_layernorm.weight"])
        self.head, self.group, self.epsilon = train.HEAD, train.HEADS // train.KV_HEADS, train.EPSILON

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        b, t = x.shape[0], x.shape[1]
        h = norm(x, self.before_attention, self.epsilon)
        q = rotate(F.linear(h, self.q, self.q_bias).view(b, t, -1, self.head).transpose(1, 2), cos, sin)
        k = rotate(F.linear(h, self.k, self.k_bias).view(b, t, -1, self.head).transpose(1, 2), cos, sin)
        v = F.linear(h, self.v, self.v_bias).view(b, t, -1, self.head).transpose(1, 2)
        k, v = k.repeat_interleave(self.group, 1), v.repeat_interleave(self.group, 1)
        scores = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) * self.head ** -0.5 + mask, -1)
        x = x + F.linear(torch.matmul(scores, v).transpose(1, 2).reshape(b, t, -1), self.o)
        h = norm(x, self.before_feed_forward, self.epsilon)
        return x + F.linear(F.silu(F.linear(h, self.gate)) * F.linear(h, self.up), self.down)


class TinyPoet(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.register_buffer("embedding", w["model.embed_tokens.weight"])
        self.register_buffer("last", w["model.norm.weight"])
        self.register_buffer("frequencies", train.THETA ** (-torch.arange(0, train.HEAD, 2, dtype=torch.float64) / train.HEAD))
        self.layers = nn.ModuleList([Layer(w, f"model.layers.{i}.") for i in range(train.LAYERS)])
        self.epsilon = train.EPSILON

    def forward(self, input_ids: Tensor) -> Tensor:
        t = input_ids.shape[1]
        angles = torch.arange(t, dtype=torch.float64, device=input_ids.device)[:, None] * self.frequencies[None, :]
        cos, sin = torch.cat([angles.cos()] * 2, 1).float(), torch.cat([angles.sin()] * 2, 1).float()
        mask = torch.full([t, t], -1e9, device=input_ids.device).triu(1)
        x = F.embedding(input_ids, self.embedding)
        for layer in self.layers:
            x = layer(x, cos, sin, mask)
        return F.linear(norm(x, self.last, self.epsilon), self.embedding)


def main(folder, output):
    weights = train.read_safetensors(Path(folder) / "model.safetensors")
    torch.jit.script(TinyPoet(weights).eval()).save(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
