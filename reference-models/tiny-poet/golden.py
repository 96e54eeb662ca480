#!/usr/bin/env python3
"""Picks the held-out texts that checks use. No expected output is made here: that is the exact reference's work.

Usage: python3 golden.py <data folder> <output folder>

documents.json, for teacher forcing: of the held-out documents of 60 to 200 tokens, in file order, 64 evenly spread ones.
prompts.json, for greedy continuation: of the others, with a title of 2 to 12 characters that no other one has, evenly
spread: 10 in chat form (the title is the user's turn), 5 plain titles, 5 plain titles with the first line.
"""
import json
import sys
from collections import Counter
from pathlib import Path

from tokens import START, Tokens, documents

DOCUMENTS, SHORTEST, LONGEST = 64, 60, 200
CHAT, TITLES, LINES = 10, 5, 5


def spread(items, count):
    return [items[i * len(items) // count] for i in range(count)]


def lines(tokens, document):
    """Title, then the lines of the poem, and the tokens up to the end of each; a chat document's title is its user's turn."""
    if document[0] == START:
        end = next(i for i, t in enumerate(document) if i and t == START) + 1
        end += len("assistant\n")  # these letters are single bytes, each a token
        return tokens.text(document[:end]).split("\n")[1].removesuffix("<|im_end|>"), [end]
    ends = [i + 1 for i, t in enumerate(document) if tokens.bytes[int(t)] == b"\n"]
    return tokens.text(document[:ends[0] - 1]), ends


def prompt(tokens, form, document, title, end):
    ids = [int(t) for t in document[:end]]
    message = {"messages": [{"role": "user", "content": title}]} if form == "chat" else {}
    return {"form": form, **message, "text": tokens.text(ids), "ids": ids}


def main(data, output):
    tokens, output, held = Tokens(), Path(output), documents(data, "held")
    chosen = spread([i for i, d in enumerate(held) if SHORTEST <= len(d) <= LONGEST], DOCUMENTS)
    rest = [(d, *lines(tokens, d)) for i, d in enumerate(held) if i not in set(chosen)]
    titles = Counter(title for _, title, _ in rest)
    rest = [r for r in rest if 2 <= len(r[1]) <= 12 and titles[r[1]] == 1]
    chat, plain = [r for r in rest if r[0][0] == START], [r for r in rest if r[0][0] != START and len(r[2]) > 2]
    plain = spread(plain, TITLES + LINES)
    prompts = [prompt(tokens, "chat", d, title, ends[0]) for d, title, ends in spread(chat, CHAT)]
    prompts += [prompt(tokens, "plain", d, title, ends[0]) for d, title, ends in plain[::2]]
    prompts += [prompt(tokens, "plain", d, title, ends[1]) for d, title, ends in plain[1::2]]
    output.mkdir(parents=True, exist_ok=True)
    write(output / "documents.json", "documents", [{"id": f"held-{i:03}", "ids": [int(t) for t in held[i]]} for i in chosen])
    write(output / "prompts.json", "prompts", [{"id": f"prompt-{n:02}", **p} for n, p in enumerate(prompts, 1)])
    print(len(chosen), "documents,", sum(len(held[i]) for i in chosen), "tokens;", len(prompts), "prompts")


def write(path, name, entries):
    rows = ",\n".join("    " + json.dumps(e, ensure_ascii=False) for e in entries)
    path.write_text(f'{{\n  "schema": "adaptation.text-{name}/v1",\n  "model": "tiny-poet",\n  "{name}": [\n{rows}\n  ]\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
