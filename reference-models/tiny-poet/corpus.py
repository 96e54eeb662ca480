#!/usr/bin/env python3
"""Selects the poems, splits them, trains the byte-level BPE, and refuses a result that differs from corpus.json.

Usage: python3 corpus.py <chinese-poetry package folder> <output folder>

Writes tokenizer.json, and train.u2 and held.u2: token ids as little-endian 16-bit numbers, document after document,
each ended by <|endoftext|>.
"""
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np

VOCABULARY = 4096
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CLEAN = re.compile(r"[\u4e00-\u9fff，。？！；：、\n]+")


def poems(package):
    """Every poem of the Complete Tang Poems whose body has only common ideographs and punctuation, in file order."""
    files = sorted((Path(package) / "dist/quantangshi").glob("poet.tang.*.json"), key=lambda f: int(f.name.split(".")[2]))
    seen = set()
    for file in files:
        for poem in json.loads(file.read_text(encoding="utf-8")):
            title, body = poem["title"].strip(), "\n".join(poem["paragraphs"])
            if CLEAN.fullmatch(body) and CLEAN.fullmatch(title) and len(body) >= 12 and body not in seen:
                seen.add(body)
                yield title, body


def held_out(body):
    """One poem in 50, by the digest of its text, so that neither order nor a later version of the package moves it."""
    return int.from_bytes(hashlib.sha256(body.encode()).digest()[:4], "big") % 50 == 0


def byte_alphabet():
    """The printable stand-ins for bytes that byte-level BPE uses (GPT-2)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, spare = {}, 256
    for byte in range(256):
        table[byte] = chr(byte) if byte in printable else chr(spare)
        spare += byte not in printable
    return table


def train_bpe(counts):
    """Byte-pair encoding over single characters: no merge crosses a character, so a token is a character or a part of one."""
    words = {tuple(bytes([b]) for b in c.encode()): n for c, n in counts.items()}
    tokens, merges = [bytes([b]) for b in range(256)], []
    while len(tokens) + len(SPECIAL) < VOCABULARY:
        pairs = Counter()
        for word, n in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += n
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        tokens.append(best[0] + best[1])
        words = {merge(word, best): n for word, n in words.items()}
    return tokens, merges


def merge(word, pair):
    out, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            out.append(pair[0] + pair[1])
            i += 2
        else:
            out.append(word[i])
            i += 1
    return tuple(out)


def encoder(tokens, merges):
    rank, index, memo = {p: i for i, p in enumerate(merges)}, {t: i for i, t in enumerate(tokens)}, {}

    def character(c):
        if c not in memo:
            word = tuple(bytes([b]) for b in c.encode())
            while len(word) > 1:
                pair = min(zip(word, word[1:]), key=lambda p: rank.get(p, len(rank)))
                if pair not in rank:
                    break
                word = merge(word, pair)
            memo[c] = [index[t] for t in word]
        return memo[c]

    return lambda text: [i for c in text for i in character(c)]


def documents(poem, encode):
    """A poem as plain text, or, for every other poem by digest, as the answer to its title in the chat template."""
    title, body = poem
    end, start, stop = VOCABULARY - 3, VOCABULARY - 2, VOCABULARY - 1
    if hashlib.sha256(body.encode()).digest()[4] & 1:
        return [start, *encode(f"user\n{title}"), stop, *encode("\n"), start, *encode(f"assistant\n{body}"), stop, *encode("\n"), end]
    return [*encode(f"{title}\n{body}\n"), end]


def write_tokenizer(path, tokens, merges):
    letters = byte_alphabet()
    spell = lambda t: "".join(letters[b] for b in t)
    first = len(tokens)
    path.write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": first + i, "content": s, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i, s in enumerate(SPECIAL)],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
             "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}]},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
                  "fuse_unk": False, "byte_fallback": False,
                  "vocab": {spell(t): i for i, t in enumerate(tokens)},
                  "merges": [f"{spell(a)} {spell(b)}" for a, b in merges]},
    }, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def check(output):
    """The model was trained on exactly these files; anything else is another corpus."""
    pinned = json.loads((Path(__file__).parent / "corpus.json").read_text(encoding="utf-8"))["files"]
    for name, expected in pinned.items():
        found = hashlib.sha256((output / name).read_bytes()).hexdigest()
        if found != expected["sha256"]:
            sys.exit(f"{name}: sha256 is {found}; corpus.json has {expected['sha256']}. Is the package the version that corpus.json names?")


def main(package, output):
    output = Path(output)
    output.mkdir(parents=True, exist_ok=True)
    train, held = [], []
    for poem in poems(package):
        (held if held_out(poem[1]) else train).append(poem)
    tokens, merges = train_bpe(Counter(c for title, body in train for c in title + "\n" + body + "\n"))
    encode = encoder(tokens, merges)
    write_tokenizer(output / "tokenizer.json", tokens, merges)
    for name, part in (("train", train), ("held", held)):
        ids = [documents(p, encode) for p in part]
        np.array([i for d in ids for i in d], dtype="<u2").tofile(output / f"{name}.u2")
        print(name, "poems", len(part), "tokens", sum(map(len, ids)), "characters", sum(len(t) + len(b) for t, b in part),
              "sha256", hashlib.sha256((output / f"{name}.u2").read_bytes()).hexdigest())
    check(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
