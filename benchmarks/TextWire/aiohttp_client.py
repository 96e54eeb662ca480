"""A streaming client as serving benchmarks in Python write it: aiohttp, one task a stream, time taken when a line is seen, JSON parsed at once.

Every line of output is one JSON object. The server's tokens are their own send stamps (nanoseconds of CLOCK_MONOTONIC), so that arrival minus
text is the client's error.
  aiohttp_client.py PORT STREAMS TOKENS ROUNDS paced|unpaced
"""
import asyncio
import json
import os
import sys
import time

import aiohttp


async def ask(session, port, tokens, due, sample, keep):
    body = {"model": "pace", "prompt": "Write a story about a fox.", "max_tokens": tokens, "stream": True}
    last = due
    async with session.post(f"http://127.0.0.1:{port}/v1/completions", json=body) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            line = line.strip()
            if not line:
                continue
            data = line.decode("utf-8").removeprefix("data: ")
            if data == "[DONE]":
                break
            now = time.monotonic_ns()
            text = json.loads(data)["choices"][0]["text"]
            if not text:
                continue
            sample["tokens"] += 1
            if keep:
                sample["lag"].append(now - int(text))
                if last == due:
                    sample["ttft_due"].append(now - due)
                last = now


async def wave(session, port, streams, tokens, gap, keep):
    sample = {"lag": [], "ttft_due": [], "tokens": 0}
    start = time.monotonic_ns() + 50_000_000

    async def one(number):
        due = start + number * gap // streams
        await asyncio.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        await ask(session, port, tokens, due, sample, keep)

    cpu, kernel, began = time.process_time_ns(), os.times().system, time.monotonic_ns()
    await asyncio.gather(*(one(number) for number in range(streams)))
    sample["cpu"], sample["wall"] = time.process_time_ns() - cpu, time.monotonic_ns() - began
    sample["kernel"] = int((os.times().system - kernel) * 1e9)
    return sample


async def main():
    port, streams, tokens, rounds = (int(value) for value in sys.argv[1:5])
    paced = sys.argv[5] == "paced"
    gap = 20_000_000 * tokens if paced else 0
    connector = aiohttp.TCPConnector(limit=0, force_close=False)
    timeout = aiohttp.ClientTimeout(total=3600)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await wave(session, port, streams, min(tokens, 20), 0, False)  # opens and warms the connections
        for _ in range(rounds):
            print(json.dumps(await wave(session, port, streams, tokens, gap, paced)), flush=True)


asyncio.run(main())
