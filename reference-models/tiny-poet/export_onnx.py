#!/usr/bin/env python3
"""Writes the weights as ONNX, opset 14, float32 (bfloat16 widens exactly).

Usage: python3 export_onnx.py <model folder> <output.onnx> [--stateless]

With cache, names as exports of published decoders have them: input_ids, attention_mask, position_ids and
past_key_values.N.key/value [B, 2, P, 32] in; logits [B, T, 4096] and present.N.key/value [B, 2, P + T, 32] out; P may be 0.
--stateless: input_ids [B, T] in, logits [B, T, 4096] out, nothing else.
Node by node from the architecture's definition, so that no tracer of a framework stands between weights and graph.
"""
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

import train
from train import EPSILON, HEAD, HEADS, KV_HEADS, LAYERS, THETA, VOCAB

POSITIONS, GROUP = 512, HEADS // KV_HEADS


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], {}

    def __call__(self, operator, *inputs, **attributes):
        """Adds a node; arrays among the inputs become constants. Gives the name of its first output."""
        names = [i if isinstance(i, str) else self.constant(i) for i in inputs]
        output = attributes.pop("output", f"{operator}_{len(self.nodes)}")
        self.nodes.append(helper.make_node(operator, names, [output], name=f"{operator}_{len(self.nodes)}", **attributes))
        return output

    def constant(self, value, name=None):
        value = np.asarray(value)
        name = name or f"constant_{value.dtype}_{'x'.join(map(str, value.shape))}_" + "_".join(str(v) for v in value.ravel()[:8])
        self.constants[name] = numpy_helper.from_array(value, name)
        return name


def ints(*values):
    return np.array(values, dtype=np.int64)


def size(g, of, axis):
    return g("Gather", g("Shape", of), ints(axis), axis=0)


def norm(g, x, gain):
    mean = g("ReduceMean", g("Mul", x, x), axes=[-1], keepdims=1)
    return g("Mul", g("Div", x, g("Sqrt", g("Add", mean, np.float32(EPSILON)))), gain)


def rotate(g, x, cos, sin):
    """x [B, heads, T, HEAD]: element i pairs with i + HEAD / 2."""
    left = g("Slice", x, ints(0), ints(HEAD // 2), ints(3))
    right = g("Slice", x, ints(HEAD // 2), ints(HEAD), ints(3))
    return g("Add", g("Mul", x, cos), g("Mul", g("Concat", g("Neg", right), left, axis=3), sin))


def linear(g, weights, x, name):
    y = g("MatMul", x, g.constant(weights[name + ".weight"].T.copy(), name + ".weight"))
    return g("Add", y, g.constant(weights[name + ".bias"], name + ".bias")) if name + ".bias" in weights else y


def attention(g, weights, x, layer, cos, sin, allowed, cached):
    p = f"model.layers.{layer}.self_attn."
    split = lambda name, heads: g("Transpose", g("Reshape", linear(g, weights, x, p + name), ints(0, 0, heads, HEAD)), perm=[0, 2, 1, 3])
    q, k, v = rotate(g, split("q_proj", HEADS), cos, sin), rotate(g, split("k_proj", KV_HEADS), cos, sin), split("v_proj", KV_HEADS)
    if cached:
        k, v = (g("Concat", f"past_key_values.{layer}.{kind}", new, axis=2, output=f"present.{layer}.{kind}") for kind, new in (("key", k), ("value", v)))
    q = g("Reshape", q, ints(0, KV_HEADS, GROUP, -1, HEAD))
    k, v = (g("Unsqueeze", a, ints(2)) for a in (k, v))
    scores = g("Mul", g("MatMul", q, g("Transpose", k, perm=[0, 1, 2, 4, 3])), np.float32(HEAD ** -0.5))
    mixed = g("MatMul", g("Softmax", g("Where", allowed, scores, np.finfo(np.float32).min), axis=-1), v)
    joined = g("Reshape", g("Transpose", mixed, perm=[0, 3, 1, 2, 4]), ints(0, 0, HEADS * HEAD))
    return linear(g, weights, joined, p + "o_proj")


def feed_forward(g, weights, x, layer):
    p = f"model.layers.{layer}.mlp."
    gate = linear(g, weights, x, p + "gate_proj")
    return linear(g, weights, g("Mul", g("Mul", gate, g("Sigmoid", gate)), linear(g, weights, x, p + "up_proj")), p + "down_proj")


def may_see(g, cached):
    """[B or 1, 1, 1, T, S]: a key counts where it is not behind the query and, with a cache, not padding."""
    new = size(g, "input_ids", 1)
    past = size(g, "past_key_values.0.key", 2) if cached else ints(0)
    every = g("Add", new, past)
    scalar = lambda one: g("Squeeze", one, ints(0))
    column = g("Unsqueeze", g("Range", scalar(past), scalar(every), np.int64(1)), ints(1))
    allowed = g("LessOrEqual", g("Range", np.int64(0), scalar(every), np.int64(1)), column)
    if not cached:
        return allowed
    allowed = g("And", allowed, g("Unsqueeze", g("Greater", "attention_mask", np.int64(0)), ints(1)))
    return g("Unsqueeze", allowed, ints(1, 2))


def build(weights, cached):
    g = Graph()
    embedding = g.constant(weights["model.embed_tokens.weight"], "model.embed_tokens.weight")
    gain = lambda name: g.constant(weights[name], name)
    angles = np.arange(POSITIONS)[:, None] * THETA ** (-np.arange(0, HEAD, 2) / HEAD)[None, :]
    place = "position_ids" if cached else g("Unsqueeze", g("Range", np.int64(0), g("Squeeze", size(g, "input_ids", 1), ints(0)), np.int64(1)), ints(0))
    cos, sin = (g("Unsqueeze", g("Gather", g.constant(np.concatenate([f(angles)] * 2, 1).astype(np.float32), n), place), ints(1))
                for n, f in (("cos", np.cos), ("sin", np.sin)))
    allowed, x = may_see(g, cached), g("Gather", embedding, "input_ids")
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        x = g("Add", x, attention(g, weights, norm(g, x, gain(p + "input_layernorm.weight")), i, cos, sin, allowed, cached))
        x = g("Add", x, feed_forward(g, weights, norm(g, x, gain(p + "post_attention_layernorm.weight")), i))
    g("MatMul", norm(g, x, gain("model.norm.weight")), g("Transpose", embedding, perm=[1, 0]), output="logits")

    integers = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.INT64, shape)
    floats = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    inputs, outputs = [integers("input_ids", "B", "T")], [floats("logits", "B", "T", VOCAB)]
    if cached:
        inputs += [integers("attention_mask", "B", "S"), integers("position_ids", "B", "T")]
        names = [f"{i}.{kind}" for i in range(LAYERS) for kind in ("key", "value")]
        inputs += [floats(f"past_key_values.{n}", "B", KV_HEADS, "P", HEAD) for n in names]
        outputs += [floats(f"present.{n}", "B", KV_HEADS, "S", HEAD) for n in names]
    graph = helper.make_graph(g.nodes, "tiny-poet", inputs, outputs, list(g.constants.values()))
    model = helper.make_model(graph, producer_name="tiny-poet", opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 7
    checker.check_model(model, full_check=True)
    return model


def main(folder, output, *options):
    weights = {name: t.numpy() for name, t in train.read_safetensors(Path(folder) / "model.safetensors").items()}
    save(build(weights, cached="--stateless" not in options), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
