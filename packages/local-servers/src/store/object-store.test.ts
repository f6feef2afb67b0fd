import { mkdtempSync, readdirSync, rmSync, appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { joinBodies, listPage, objectStore, sliceBody, type ObjectStore, type StoreShape } from "./index.ts";

interface Shape extends StoreShape {
  bucket: { note?: string };
  object: { type?: string };
  upload: object;
  part: object;
}

const directories: string[] = [];
function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), "object-store-"));
  directories.push(directory);
  return directory;
}
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? Buffer.from(part) : part;
}

async function text(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function put(store: ObjectStore<Shape>, key: string, content: string | Uint8Array): Promise<void> {
  using received = await store.receive(chunks(content));
  store.bucket("b")?.putObject(key, received.body, {});
}

function open(directory?: string): ObjectStore<Shape> {
  const store = objectStore<Shape>({ directory });
  store.createBucket("b", {});
  return store;
}

function blobsIn(directory: string): number {
  return readdirSync(join(directory, "blobs"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length;
}

async function readKey(store: ObjectStore<Shape>, key: string): Promise<string | undefined> {
  const object = store.bucket("b")?.object(key);
  return object && text(store.read(object.body));
}

for (const medium of ["memory", "disk"] as const) {
  const fresh = (): ObjectStore<Shape> => open(medium === "disk" ? scratch() : undefined);

  describe(`a store in ${medium}`, () => {
    it("gives back what was put, small, large and empty", async () => {
      const store = fresh();
      const large = Buffer.alloc(300_001, "0123456789");
      await put(store, "small", "hello");
      await put(store, "large", large);
      await put(store, "empty", "");
      expect(await readKey(store, "small")).toBe("hello");
      expect(await readKey(store, "large")).toBe(large.toString());
      expect(await readKey(store, "empty")).toBe("");
      store.close();
    });

    it("goes on reading the version that was opened while the key is replaced and deleted", async () => {
      const store = fresh();
      const old = Buffer.alloc(700_000, "a");
      await put(store, "k", old);
      const object = store.bucket("b")?.object("k");
      const reader = store.read(object?.body ?? { size: 0, segments: [] });
      await put(store, "k", "new");
      store.bucket("b")?.deleteObject("k");
      expect(await text(reader)).toBe(old.toString());
      expect(await readKey(store, "k")).toBeUndefined();
      store.close();
    });

    it("keeps nothing of a body whose source fails", async () => {
      const store = fresh();
      await put(store, "k", "before");
      await expect(
        store.receive(
          (async function* () {
            yield Buffer.alloc(100_000);
            throw new Error("torn");
          })(),
        ),
      ).rejects.toThrow("torn");
      expect(await readKey(store, "k")).toBe("before");
      store.close();
    });

    it("joins and slices bodies without mixing bytes up", async () => {
      const store = fresh();
      using first = await store.receive(chunks("abcde"));
      using second = await store.receive(chunks("fghij"));
      const joined = joinBodies([first.body, second.body]);
      expect(await text(store.read(joined))).toBe("abcdefghij");
      expect(await text(store.read(sliceBody(joined, 3, 7)))).toBe("defg");
      expect(await text(store.read(sliceBody(sliceBody(joined, 3, 9), 1, 4)))).toBe("efg");
      expect(sliceBody(joined, 4, 4).size).toBe(0);
      store.close();
    });

    it("lists in the order of UTF-8 bytes and pages through common prefixes without repeating any", async () => {
      const store = fresh();
      const keys = ["a", "a/1", "a/2", "b", "c/x/1", "c/y", "\u{ff5e}", "😀", "A"];
      for (const key of keys) await put(store, key, key);
      const bucket = store.bucket("b");
      if (bucket === undefined) throw new Error("no bucket");
      const all = listPage(bucket, { prefix: "", delimiter: "", after: "", limit: 100 });
      expect(all.entries.map((entry) => entry.name)).toEqual(["A", "a", "a/1", "a/2", "b", "c/x/1", "c/y", "～", "😀"]);

      const names: string[] = [];
      for (let after = "", more = true; more;) {
        const page = listPage(bucket, { prefix: "", delimiter: "/", after, limit: 1 });
        names.push(...page.entries.map((entry) => `${entry.kind} ${entry.name}`));
        after = page.entries.at(-1)?.name ?? "";
        more = page.truncated;
      }
      expect(names).toEqual(["object A", "object a", "prefix a/", "object b", "prefix c/", "object ～", "object 😀"]);
      store.close();
    });

    it("makes an object of the parts of an upload, in one step, and forgets aborted ones", async () => {
      const store = fresh();
      const bucket = store.bucket("b");
      const upload = bucket?.beginUpload("k", {});
      const id = upload?.id ?? "";
      {
        using one = await store.receive(chunks("one"));
        using two = await store.receive(chunks("two"));
        bucket?.putPart(id, 1, one.body, {});
        bucket?.putPart(id, 2, two.body, {});
      }
      const parts = [...(bucket?.upload(id)?.parts.values() ?? [])];
      bucket?.completeUpload(id, joinBodies(parts.map((part) => part.body)), {});
      expect(await readKey(store, "k")).toBe("onetwo");
      expect(bucket?.upload(id)).toBeUndefined();
      expect(bucket?.abortUpload(id)).toBe(false);
      store.close();
    });
  });
}

describe("a store on disk", () => {
  it("is the same after it was closed and opened again, uploads in progress too", async () => {
    const directory = scratch();
    const first = open(directory);
    first.bucket("b")?.setAttributes({ note: "kept" });
    await put(first, "k", "v1");
    await put(first, "k", "v2");
    await put(first, "gone", "x");
    first.bucket("b")?.deleteObject("gone");
    const upload = first.bucket("b")?.beginUpload("u", {});
    {
      using part = await first.receive(chunks("part"));
      first.bucket("b")?.putPart(upload?.id ?? "", 7, part.body, {});
    }
    first.close();

    const second = objectStore<Shape>({ directory });
    const bucket = second.bucket("b");
    expect(bucket?.attributes).toEqual({ note: "kept" });
    expect(bucket?.size).toBe(1);
    expect(await readKey(second, "k")).toBe("v2");
    const part = bucket?.upload(upload?.id ?? "")?.parts.get(7);
    expect(part && (await text(second.read(part.body)))).toBe("part");
    expect(blobsIn(directory)).toBe(2);
    second.close();
  });

  it("removes the files that nothing uses any more, and leftovers of a killed process", async () => {
    const directory = scratch();
    const store = open(directory);
    await put(store, "k", Buffer.alloc(100_000));
    await put(store, "k", Buffer.alloc(100_001));
    await put(store, "copy", "c");
    store.bucket("b")?.deleteObject("k");
    expect(blobsIn(directory)).toBe(1);
    store.close();
    const [folder] = readdirSync(join(directory, "blobs"));
    writeFileSync(join(directory, "blobs", folder ?? "", "leftover"), "torn upload");
    objectStore<Shape>({ directory }).close();
    expect(blobsIn(directory)).toBe(1);
  });

  it("drops a last journal line that was cut off, and refuses one that was changed", async () => {
    const directory = scratch();
    const store = open(directory);
    await put(store, "k", "v");
    store.close();
    const journal = join(directory, "journal.ndjson");
    appendFileSync(journal, '[{"do":"deleteObject","bucket":"b","key"');
    const second = objectStore<Shape>({ directory });
    expect(await readKey(second, "k")).toBe("v");
    await put(second, "after", "x");
    second.close();
    const third = objectStore<Shape>({ directory });
    expect(await readKey(third, "after")).toBe("x");
    third.close();
    writeFileSync(journal, `garbage\n${readFileSync(journal, "utf8")}`);
    expect(() => objectStore<Shape>({ directory })).toThrow(/line 1 is not JSON/);
  });

  it("makes the journal anew when most of it is history", async () => {
    const directory = scratch();
    const store = open(directory);
    for (let round = 0; round < 1200; round += 1) await put(store, "k", "");
    store.close();
    objectStore<Shape>({ directory }).close();
    expect(readFileSync(join(directory, "journal.ndjson"), "utf8").split("\n")).toHaveLength(3);
    const again = objectStore<Shape>({ directory });
    expect(await readKey(again, "k")).toBe("");
    again.close();
  });

  it("refuses a directory that another process uses, and takes over from one that died", () => {
    const directory = scratch();
    const store = open(directory);
    expect(() => objectStore({ directory })).toThrow(/in use by process/);
    store.close();
    writeFileSync(join(directory, "lock"), "999999999\n");
    objectStore({ directory }).close();
  });
});

it("a page of 1,000 out of 100,000 keys takes some milliseconds, wherever it starts", async () => {
  const store = open();
  const bucket = store.bucket("b");
  if (bucket === undefined) throw new Error("no bucket");
  const none = { size: 0, segments: [] };
  for (let index = 0; index < 100_000; index += 1) {
    // A step that shares no factor with the count visits every number once, in no order.
    bucket.putObject(`folder-${index % 10}/${String((index * 7919) % 100_000).padStart(6, "0")}`, none, {});
  }
  // The best of some times: the machine may have other work at any moment.
  const tookMs: number[] = [];
  for (let time = 0; time < 10; time++) {
    const started = performance.now();
    const page = listPage(bucket, { prefix: "folder-7/", delimiter: "", after: "folder-7/050000", limit: 1000 });
    const folders = listPage(bucket, { prefix: "", delimiter: "/", after: "", limit: 1000 });
    tookMs.push(performance.now() - started);
    expect(page.entries).toHaveLength(1000);
    expect(folders.entries).toHaveLength(10);
  }
  expect(Math.min(...tookMs)).toBeLessThan(100);
});
