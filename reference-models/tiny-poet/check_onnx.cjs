// Runs the two ONNX exports under ONNX Runtime; check_exports.py starts it and compares. Usage: node check_onnx.cjs <exports> <requests.json> <output folder>
// Writes N.stateless.f32 (each text at once) and N.cached.f32 (seven tokens, one, one, the rest), and batch.f32 (two texts, the shorter padded on the left).
const fs = require("fs");
const path = require("path");
const ort = require("onnxruntime-node");

const [exportsFolder, requests, output] = process.argv.slice(2);
const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
const integers = (rows) => new ort.Tensor("int64", BigInt64Array.from(rows.flat(), BigInt), [rows.length, rows[0].length]);
const write = (name, parts) => fs.writeFileSync(path.join(output, name), Buffer.concat(parts.map((p) => Buffer.from(p.buffer, p.byteOffset, p.byteLength))));

function empty(session, batch) {
  const past = {};
  for (const name of session.inputNames.filter((n) => n.startsWith("past_key_values")))
    past[name] = new ort.Tensor("float32", new Float32Array(0), [batch, 2, 0, 32]);
  return past;
}

async function step(session, past, ids, mask, positions) {
  const result = await session.run({ input_ids: integers(ids), attention_mask: integers(mask), position_ids: integers(positions), ...past });
  const next = {};
  for (const name of Object.keys(past)) next[name] = result[name.replace("past_key_values", "present")];
  return [result.logits.data, next];
}

async function main() {
  const texts = JSON.parse(fs.readFileSync(requests));
  const stateless = await ort.InferenceSession.create(path.join(exportsFolder, "model.onnx"), options);
  const cached = await ort.InferenceSession.create(path.join(exportsFolder, "decoder.onnx"), options);
  for (const [n, ids] of texts.entries()) {
    write(`${n}.stateless.f32`, [(await stateless.run({ input_ids: integers([ids]) })).logits.data]);
    let past = empty(cached, 1);
    const parts = [];
    for (const [from, to] of [[0, 7], [7, 8], [8, 9], [9, ids.length]]) {
      const positions = [...Array(to - from).keys()].map((i) => from + i);
      const [logits, next] = await step(cached, past, [ids.slice(from, to)], [Array(to).fill(1)], [positions]);
      parts.push(logits.slice());
      past = next;
    }
    write(`${n}.cached.f32`, parts);
  }

  const two = texts.slice(0, 2);
  const length = Math.max(...two.map((t) => t.length));
  const padding = two.map((t) => length - t.length);
  const ids = two.map((t, i) => [...Array(padding[i]).fill(0), ...t]);
  const mask = two.map((t, i) => [...Array(padding[i]).fill(0), ...t.map(() => 1)]);
  const positions = two.map((t, i) => [...Array(padding[i]).fill(0), ...t.keys()]);
  write("batch.f32", [(await step(cached, empty(cached, 2), ids, mask, positions))[0]]);
}

main();
