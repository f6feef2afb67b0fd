/**
 * Writes objects whose bytes and metadata say the same, again and again, until it is killed. Prints a line when it has begun.
 * `node endless-writer.ts DIRECTORY KEY…`
 */
import { randomUUID } from "node:crypto";
import { fs } from "../../src/index.ts";

const [directory = "", ...keys] = process.argv.slice(2);
const files = fs({ directory, durable: false });
for (let count = 0; ; count += 1) {
  for (const key of keys) {
    const mark = randomUUID();
    // Small and large bodies go different ways.
    await files.put(key, mark.repeat(count % 2 === 0 ? 1 : 4_000), { metadata: { mark } });
    await files.put(`new/${mark}`, mark, { metadata: { mark }, ifNoneMatch: "*" });
    if (count % 3 === 2) await files.delete(key);
  }
  if (count === 0) console.log("writing");
}
