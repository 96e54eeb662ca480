"""Reads tokenizer.json back: bytes of tokens, characters in tokens, documents in a token file. Shared by the scripts here."""
import json
from pathlib import Path

import numpy as np

from corpus import byte_alphabet

END, START, STOP = 4093, 4094, 4095  # <|endoftext|>, <|im_start|>, <|im_end|>


class Tokens:
    def __init__(self, path=Path(__file__).parent / "tokenizer.json"):
        tokenizer = json.loads(path.read_text(encoding="utf-8"))
        unspell = {letter: byte for byte, letter in byte_alphabet().items()}
        self.bytes = {i: bytes(unspell[c] for c in t) for t, i in tokenizer["model"]["vocab"].items()}
        self.bytes |= {t["id"]: t["content"].encode() for t in tokenizer["added_tokens"]}

    def text(self, ids):
        """Special tokens are spelled out; part of a character becomes U+FFFD."""
        return b"".join(self.bytes[int(i)] for i in ids).decode("utf-8", "replace")

    def characters(self, ids):
        """Counted by the first bytes of UTF-8; a special token is one character."""
        each = np.array([1 if i >= END else sum(b & 0xC0 != 0x80 for b in self.bytes[i]) for i in range(len(self.bytes))])
        return int(each[np.asarray(ids)].sum())


def documents(folder, name):
    """Each as an array of ids that ends with <|endoftext|>."""
    ids = np.fromfile(Path(folder) / f"{name}.u2", dtype="<u2")
    return np.split(ids, np.flatnonzero(ids == END) + 1)[:-1]
