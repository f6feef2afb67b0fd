import { conformanceCase } from "../define.ts";
import { bytesEqual, equal, eventually, ok, pause, rejectsWith, within } from "../check.ts";
import { concatenated, utf8 } from "../content.ts";
import { listedKeys } from "../objects.ts";
import { randomBytes } from "../random.ts";
import { absent, bytesOf, holds } from "../stored.ts";
import { isStorageError } from "../../errors/storage-error.ts";
import type { CaseContext, ConformanceCase } from "../case.ts";
import type { GetResult, PutResult } from "../../contract/provider.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** A21–A27: bodies are read once, given back when not read, and never mixed by what happens at the same time. */
export const READING_CASES: readonly ConformanceCase[] = [
  conformanceCase({
    id: "A21",
    title: "bytes, text, json, body and iteration agree, and a second reading fails with InvalidArgument",
    level: "core",
    run: async (t) => {
      const key = t.key("object.json");
      const value = { name: "Größe", list: [1, 2, 3] };
      const text = JSON.stringify(value);
      await t.provider.put(key, text, { signal: t.signal });
      for (const [first, read] of READERS) {
        const result = await t.provider.get(key, { signal: t.signal });
        equal(await read(result), first === "json" ? value : text, first);
        for (const [second, readAgain] of READERS) {
          // A web stream that was read to its end says its end again; that is its own rule.
          if (first === "body" && second === "body") continue;
          await rejectsWith("InvalidArgument", () => readAgain(result), `${second} after ${first}`);
        }
      }
    },
  }),
  conformanceCase({
    id: "A22",
    title: "a hundred bodies cancelled early leave the connections free",
    level: "core",
    run: async (t) => {
      const key = t.key("object");
      const bytes = randomBytes(t.random, 256 * KIB);
      await t.provider.put(key, bytes, { signal: t.signal });
      for (let round = 0; round < 100; round += 1) {
        const result = await t.provider.get(key, { signal: t.signal });
        await GIVING_UP[round % GIVING_UP.length]?.(result);
      }
      bytesEqual(await bytesOf(t, key), bytes, "the body after a hundred cancelled ones");
    },
  }),
  conformanceCase({
    id: "A23",
    title: "a body that nobody reads does not keep close from ending",
    level: "core",
    run: async (t) => {
      const key = t.key("object");
      await t.provider.put(key, randomBytes(t.random, 2 * MIB), { signal: t.signal });
      const own = await t.createProvider();
      await own.get(key, { signal: t.signal });
      await own.get(key, { signal: t.signal });
      await within(15_000, own.close(), "close with two unread bodies");
    },
  }),
  conformanceCase({
    id: "A24",
    title: "20 concurrent puts and gets on different keys stay separate",
    level: "core",
    run: async (t) => {
      const bodies = Array.from({ length: 20 }, (_, index) => randomBytes(t.random, 1000 + index * 997));
      await Promise.all(
        bodies.map(async (bytes, index) => {
          const put = await t.provider.put(t.key(`n${index}`), bytes, { signal: t.signal });
          equal(put.key, t.key(`n${index}`), "key of the put");
          equal(put.size, bytes.length, `size of put ${index}`);
        }),
      );
      await Promise.all(
        bodies.map(async (bytes, index) => bytesEqual(await bytesOf(t, t.key(`n${index}`)), bytes, `object ${index}`)),
      );
    },
  }),
  conformanceCase({
    id: "A25",
    title: "of concurrent puts on one key exactly one remains, whole",
    level: "core",
    run: async (t) => {
      const key = t.key("contested");
      const bodies = Array.from({ length: 8 }, (_, index) => randomBytes(t.random, 10_000 + index));
      const puts = await Promise.allSettled(bodies.map((bytes) => t.provider.put(key, bytes, { signal: t.signal })));
      const stored: PutResult[] = [];
      for (const put of puts) {
        if (put.status === "fulfilled") stored.push(put.value);
        // A service may turn down a put that another one has overtaken; it must not accept and drop both.
        else if (!isStorageError(put.reason, "Conflict")) throw put.reason;
      }
      const result = await t.provider.get(key, { signal: t.signal });
      const bytes = await result.bytes();
      const winner = stored.find(({ size }) => size === bytes.length);
      ok(winner !== undefined, `the content has ${bytes.length} bytes, which no successful put had`);
      bytesEqual(bytes, bodies[bytes.length - 10_000] ?? new Uint8Array(0), "the content that remains");
      equal(result.info.etag, winner.etag, "etag of what remains");
    },
  }),
  conformanceCase({
    id: "A26",
    title: "readers during an overwrite see the old or the new object, never a mix",
    level: "core",
    run: async (t) => {
      for (const size of [MIB, 8 * MIB]) await overwriteUnderReaders(t, size);
    },
  }),
  conformanceCase({
    id: "A27",
    title: "a put, an overwrite and a delete are seen by the very next read, or soon where the provider says so",
    level: "core",
    run: async (t) => {
      const { provider, signal, capabilities } = t;
      const key = t.key("object");
      const seen = (check: () => Promise<void>): Promise<void> =>
        capabilities.readAfterWrite ? check() : eventually(check, { signal, withinMs: 30_000 });
      for (const content of ["first", "second, longer"]) {
        await provider.put(key, content, { signal });
        await seen(() => holds(t, key, utf8(content), `after the put of "${content}"`));
        await seen(async () => equal(await provider.exists(key, { signal }), true, "exists after a put"));
        await seen(async () => equal(await listedKeys(t), [key], "listing after a put"));
      }
      await provider.delete(key, { signal });
      await seen(() => absent(t, key, "after the delete"));
      await seen(async () => equal(await provider.exists(key, { signal }), false, "exists after a delete"));
    },
  }),
];

const READERS: readonly (readonly [string, (result: GetResult) => Promise<unknown>])[] = [
  ["bytes", async (result) => new TextDecoder().decode(await result.bytes())],
  ["text", (result) => result.text()],
  ["json", (result) => result.json()],
  ["iteration", async (result) => decoded(result)],
  ["body", async (result) => decoded(result.body)],
];

const GIVING_UP: readonly ((result: GetResult) => Promise<unknown>)[] = [
  (result) => result.cancel(),
  async (result) => {
    for await (const chunk of result) return chunk.length;
    return 0;
  },
  (result) => result.body.cancel(),
  async (result) => {
    const reader = result.body.getReader();
    await reader.read();
    await reader.cancel();
  },
];

async function decoded(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return new TextDecoder().decode(concatenated(all));
}

/** Old content is all `o`, new content all `n` and longer, so that any mix shows. */
async function overwriteUnderReaders(t: CaseContext, size: number): Promise<void> {
  const { provider, signal } = t;
  const key = t.key(`overwritten-${size}`);
  const old = new Uint8Array(size).fill(0x6f);
  const fresh = new Uint8Array(size + 4321).fill(0x6e);
  const before = await provider.put(key, old, { signal });
  let writing = true;
  const read = async (): Promise<void> => {
    // One reading more after the write. How many there are before it ends is up to the service, which has to carry them.
    for (let last = false; !last;) {
      last = !writing;
      const result = await provider.get(key, { signal });
      const bytes = await result.bytes();
      const isOld = bytes[0] === 0x6f;
      bytesEqual(bytes, isOld ? old : fresh, `what a reader saw, which began ${isOld ? "old" : "new"}`);
      equal(result.info.size, bytes.length, "info.size beside the bytes");
      equal(result.info.etag === before.etag, isOld, "whether info.etag is the old one");
      // Lets the writer on: in memory a reader would never wait for anything but itself.
      await pause(0, signal);
    }
  };
  const write = async (): Promise<void> => {
    try {
      await provider.put(key, fresh, { signal });
    } finally {
      writing = false;
    }
  };
  await Promise.all([read(), read(), write()]);
  bytesEqual(await bytesOf(t, key), fresh, "the object after the overwrite");
}
