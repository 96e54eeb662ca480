#!/usr/bin/env python3
"""A 5-gram over the very tokens that tiny-poet learns from: what a model of this size has to beat.

Usage: python3 ngram.py <data folder> [order]

Interpolated modified Kneser-Ney (Chen and Goodman 1998): three discounts per order from counts of counts, continuation
counts below the highest order, except for n-grams that begin with the start of a document, which keep their own counts
because nothing comes before it. The lowest order is interpolated with the uniform distribution. Histories begin with
the document, whatever stood before it: what it may see is up to order - 1 tokens, and no window cuts them.
"""
import sys
from pathlib import Path

import numpy as np

VOCAB, BITS, START, WINDOW = 4096, 12, 4093, 256  # START: <|endoftext|> of the document before


def history_lengths(ids):
    """How many tokens of its own document, start included, precede each token. The first token counts as a start."""
    starts = np.zeros(len(ids), dtype=np.int64)
    starts[1:] = np.where(ids[:-1] == START, np.arange(1, len(ids)), 0)
    begin = np.maximum.accumulate(starts)
    return np.arange(len(ids)) - begin + (begin > 0)


def keys(ids, n):
    """The n-gram that ends at each place, as one number, its last token lowest. Places before n - 1 hold nonsense."""
    key = np.zeros(len(ids), dtype=np.uint64)
    for back in range(n - 1, -1, -1):
        key = (key << np.uint64(BITS)) | np.roll(ids, back).astype(np.uint64)
    return key


class Order:
    """n-grams of one length with their counts, and for each history the total and the weight of the order below."""

    def __init__(self, grams, counts):
        self.grams, self.counts = grams, counts
        seen = [max(1, int((counts == k).sum())) for k in (1, 2, 3, 4)]
        y = seen[0] / (seen[0] + 2 * seen[1])
        self.discounts = np.array([0.0] + [k - (k + 1) * y * seen[k] / seen[k - 1] for k in (1, 2, 3)])
        taken = self.discounts[np.minimum(counts, 3)]
        self.histories, at = np.unique(grams >> np.uint64(BITS), return_inverse=True)
        self.totals = np.bincount(at, counts)
        self.left = np.bincount(at, taken) / self.totals

    def probability(self, key, below):
        """Of the last token of each n-gram, given the rest, where the orders below say `below`."""
        count = find(self.grams, self.counts, key)
        total = find(self.histories, self.totals, key >> np.uint64(BITS))
        left = find(self.histories, self.left, key >> np.uint64(BITS))
        known = np.maximum(count - self.discounts[np.minimum(count, 3).astype(np.int64)], 0) / np.maximum(total, 1)
        return np.where(total > 0, known + left * below, below)


def find(table, values, key):
    at = np.minimum(np.searchsorted(table, key), len(table) - 1)
    return np.where(table[at] == key, values[at], 0)


def learn(ids, order):
    ids, known, orders, longer = ids.astype(np.int64), history_lengths(ids), {}, None
    for n in range(order, 0, -1):
        raw, counts = np.unique(keys(ids, n)[known >= n - 1], return_counts=True)
        if longer is not None:
            first = raw >> np.uint64(BITS * (n - 1)) == START
            begins = first if n > 1 else np.zeros(len(raw), dtype=bool)  # a lone <|endoftext|> is an end, not a start
            grams, continuations = np.unique(longer & np.uint64((1 << BITS * n) - 1), return_counts=True)
            counts = np.where(begins, counts, find(grams, continuations, raw))
            raw, counts = raw[counts > 0], counts[counts > 0]
        orders[n] = Order(raw, counts)
        longer = np.unique(keys(ids, n)[known >= n - 1])
    return orders


def probabilities(orders, ids, known):
    """Of each token given what precedes it. ids [N], known [N]: usable history of each."""
    p = np.full(len(ids), 1 / VOCAB)
    for n in sorted(orders):
        p = np.where(known >= n - 1, orders[n].probability(keys(ids, n), p), p)
    return p


def check_sums(orders, ids, known):
    """Every distribution must sum to 1: over the whole vocabulary, at places spread over the text."""
    order = max(orders)
    for place in np.linspace(order, len(ids) - 1, 25).astype(int):
        tails = np.repeat(ids[None, place - order + 1:place + 1].astype(np.int64), VOCAB, 0)
        tails[:, -1] = np.arange(VOCAB)
        seen = np.repeat(known[None, place - order + 1:place + 1], VOCAB, 0)
        total = probabilities(orders, tails.ravel(), seen.ravel()).reshape(VOCAB, order)[:, -1].sum()
        if abs(total - 1) > 1e-9:
            raise ArithmeticError(f"place {place}: probabilities sum to {total}")


def held_out_nats(folder, order=5):
    """Negative log likelihood of each token that train.py and evaluate.py score: the first whole windows, less the first token."""
    train, held = (np.fromfile(Path(folder) / f"{name}.u2", dtype="<u2") for name in ("train", "held"))
    orders, known = learn(train, order), history_lengths(held)
    check_sums(orders, held, known)
    scored = (len(held) - 1) // WINDOW * WINDOW
    return -np.log(probabilities(orders, held.astype(np.int64), known))[1:scored + 1]


def main(folder, order="5"):
    nats = held_out_nats(folder, int(order))
    print(f"{order}-gram: {len(nats)} tokens, {nats.mean():.4f} nats, perplexity {np.exp(nats.mean()):.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
