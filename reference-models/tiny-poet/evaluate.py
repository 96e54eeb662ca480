#!/usr/bin/env python3
"""Held-out perplexity of the weights as committed (bfloat16), beside n-grams over the same tokens, and poems.

Usage: python3 evaluate.py <data folder> <model folder>      reads model.safetensors, golden/prompts.json and loss.csv, writes evaluation.md

Nothing here is a golden output: checks compare with the exact reference, not with this program.
"""
import csv
import json
import sys
from pathlib import Path

import numpy as np
import torch

import train
from ngram import held_out_nats
from tokens import END, STOP, Tokens

TEMPERATURE, TOP, SEED, LONGEST = 0.8, 0.95, 20261122, 120


@torch.no_grad()
def nats_in_windows(weights, held):
    """Of each scored token: consecutive windows of train.CONTEXT, each seen without what came before, as train.py measures."""
    count = (len(held) - 1) // train.CONTEXT
    x = torch.from_numpy(held[:count * train.CONTEXT].astype(np.int64)).view(count, -1)
    y = torch.from_numpy(held[1:count * train.CONTEXT + 1].astype(np.int64)).view(count, -1)
    losses = [torch.nn.functional.cross_entropy(train.logits(weights, a).flatten(0, 1), b.flatten(), reduction="none")
              for a, b in zip(x.split(8), y.split(8))]
    return torch.cat(losses).double().numpy()


@torch.no_grad()
def poem(weights, prompt, chooser):
    ids = list(prompt)
    while len(ids) < len(prompt) + LONGEST and ids[-1] not in (END, STOP):
        ids.append(chooser(train.logits(weights, torch.tensor([ids]))[0, -1]))
    return [i for i in ids[len(prompt):] if i not in (END, STOP)]


def sampler():
    random = torch.Generator().manual_seed(SEED)

    def choose(logits):
        p, order = torch.softmax(logits / TEMPERATURE, 0).sort(descending=True)
        p = p * (p.cumsum(0) - p < TOP)
        return int(order[torch.multinomial(p, 1, generator=random)])

    return choose


def row(name, nats, text, characters, model=None):
    """text [N]: whether a token is part of an ideograph or a punctuation mark."""
    margins = ["", ""] if model is None else [against(nats, model, every) for every in (np.ones_like(text), text)]
    words = f"{nats.mean():.4f} | {np.exp(nats.mean()):.2f} | {np.exp(nats[text].mean()):.2f} | {np.exp(nats[text].sum() / characters):.2f}"
    return f"| {name} | {words} | {margins[0]} | {margins[1]} |"


def against(nats, model, counted):
    """How many nats a token the model needs less, with the 95 % interval over windows."""
    window = np.arange(len(nats)) // train.CONTEXT
    saved = np.bincount(window, (nats - model) * counted) / np.bincount(window, counted)
    return f"{saved.mean():.3f} ± {1.96 * saved.std(ddof=1) / len(saved) ** 0.5:.3f}"


def quoted(text):
    return text.strip().replace("\n", "<br>")


def main(data, folder):
    torch.set_num_threads(1)
    folder, tokens = Path(folder), Tokens()
    held = np.fromfile(Path(data) / "held.u2", dtype="<u2")
    weights = train.read_safetensors(folder / "model.safetensors")
    model = nats_in_windows(weights, held)
    scored = held[1:len(model) + 1]
    text = np.array([tokens.bytes[i][0] >= 0x80 for i in range(train.VOCAB)])[scored]
    characters = tokens.characters(scored[text])
    curve = list(csv.DictReader((folder / "loss.csv").open(encoding="utf-8")))
    last = curve[-1]
    out = [
        "# tiny-poet: what it learnt", "",
        f"Written by evaluate.py. Weights after step {last['step']} ({int(last['tokens']):,} tokens seen), bfloat16 as committed, computed in float32.", "",
        "## Held-out perplexity", "",
        f"{len(model):,} tokens of poems that neither the model nor the n-grams saw. The model reads them in consecutive windows of {train.CONTEXT} tokens;",
        "the n-grams are interpolated modified Kneser-Ney over the same training tokens, and no window cuts their history.",
        f"**Text** leaves out what is easy to guess, the special tokens, the words of the chat template and line breaks: {text.sum():,} tokens, {characters:,} characters.",
        "Last columns: nats a token that tiny-poet needs less, with the 95 % interval over windows.", "",
        "| | nats a token | perplexity a token | text: a token | text: a character | tiny-poet needs less | of text |", "|---|---|---|---|---|---|---|",
        row("**tiny-poet**", model, text, characters),
    ]
    out += [row(f"{n}-gram", held_out_nats(data, n), text, characters, model) for n in (5, 4, 3, 2, 1)]
    out += ["", "## Loss curve", "", "Nats a token; training is a moving average over 20 steps. Every step measured: loss.csv.", "",
            "| step | tokens seen | training | held out | held-out perplexity |", "|---|---|---|---|---|"]
    out += [f"| {r['step']} | {int(r['tokens']):,} | {r['train_loss']} | {r['held_out_loss']} | {np.exp(float(r['held_out_loss'])):.1f} |"
            for r in curve if int(r["step"]) % 300 == 0 or r is last]
    out += ["", "## Ten poems", "",
            f"Every other prompt of golden/prompts.json. Sampled: temperature {TEMPERATURE}, top-p {TOP}, seed {SEED}; at most {LONGEST} tokens.", "",
            "| prompt | greedy | sampled |", "|---|---|---|"]
    choose = sampler()
    for prompt in json.loads((Path(__file__).parent / "golden/prompts.json").read_text(encoding="utf-8"))["prompts"][::2]:
        said = prompt["messages"][0]["content"] + " (chat)" if prompt["form"] == "chat" else prompt["text"]
        greedy, sampled = (tokens.text(poem(weights, prompt["ids"], how)) for how in (lambda z: int(z.argmax()), choose))
        out.append(f"| {quoted(said)} | {quoted(greedy)} | {quoted(sampled)} |")
    (folder / "evaluation.md").write_text("\n".join(out) + "\n", encoding="utf-8")
    print("\n".join(out[8:18]))


if __name__ == "__main__":
    main(*sys.argv[1:])
