import { join } from "node:path";
import Database from "better-sqlite3";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  changeOf,
  isLegalTransition,
  OBJECT_STATES,
  type Ledger,
  type LedgerError,
  type ObjectChange,
  type ObjectRecord,
  type ObjectState,
} from "@bucketferry/ledger";
import { objectPage } from "../src/objects/object-queries.ts";
import type { Sql } from "../src/sqlite/sql.ts";
import { collect, openTestLedger, planned, ROUTE, temporaryFolder } from "./ledger-fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let ledger: Ledger;
beforeEach(async () => {
  folder = temporaryFolder();
  ledger = await openTestLedger(join(folder.path, "ledger.db"));
});
afterEach(async () => {
  await ledger.close();
  folder.remove();
});

const keysOf = (objects: readonly ObjectRecord[]): string[] => objects.map((object) => object.key);

describe("the objects of a ledger", () => {
  it("come back with everything that was recorded of them", async () => {
    await ledger.objects.write([planned("a/ü ?.mp3", 9_007_199_254_740_991)]);
    const [before] = await ledger.objects.page({ route: ROUTE.name });
    if (before === undefined) throw new Error("nothing stored");
    const facts = {
      state: "copied",
      reason: "adopted",
      etag: "e",
      version: "v",
      lastModified: 1_700_000_000_123,
      contentType: "audio/mpeg",
      sha256: "ab".repeat(32),
      targetKey: "a/ü ?.mp3",
      targetEtag: "t",
      targetSize: 5,
      evidence: "put-checksum",
      notCarried: { headers: { "content-language": "de" }, metadata: { owner: "x" } },
      attempts: 3,
      errorCode: "Timeout",
      errorMessage: "late",
    } as const;
    await ledger.objects.write([changeOf(before, facts)]);
    const found = await ledger.objects.find(ROUTE.name, ["a/ü ?.mp3", "absent"]);
    expect([...found.keys()]).toEqual(["a/ü ?.mp3"]);
    expect(found.get("a/ü ?.mp3")).toMatchObject(facts);
  });

  it("L9 are paged in UTF-8 byte order, each key once, whatever the size of the page and the state", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc
            .string({ unit: "binary", minLength: 1, maxLength: 8 })
            .filter((key) => key.isWellFormed() && !key.includes("\0")),
          { maxLength: 30 },
        ),
        fc.integer({ min: 1, max: 7 }),
        async (keys, limit) => {
          const place = temporaryFolder();
          const own = await openTestLedger(join(place.path, "ledger.db"));
          try {
            await own.objects.write(keys.map((key) => planned(key)));
            await own.objects.write(
              (await own.objects.page({ route: ROUTE.name }))
                .filter((_, i) => i % 2 === 0)
                .map((o) => changeOf(o, { state: "copied" })),
            );
            const paged: string[] = [];
            for (;;) {
              const page = await own.objects.page({
                route: ROUTE.name,
                states: ["planned", "copied"],
                after: paged.at(-1),
                limit,
              });
              paged.push(...keysOf(page));
              if (page.length < limit) break;
            }
            const inByteOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
            expect(paged).toEqual(inByteOrder);
            expect(keysOf(await collect(own.objects.walk({ route: ROUTE.name })))).toEqual(inByteOrder);
          } finally {
            await own.close();
            place.remove();
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it("L9 a page of one state is one range of the index, and costs nothing for all the others", async () => {
    await ledger.objects.write([planned("a")]);
    const raw = new Database(ledger.path, { readonly: true });
    const plans: string[] = [];
    const explained: Pick<Sql, "all"> = {
      all(text, ...parameters) {
        const steps = raw.prepare(`explain query plan ${text}`).all(...parameters) as { readonly detail: string }[];
        plans.push(steps.map(({ detail }) => detail).join("; "));
        return [];
      },
    };

    objectPage(explained as Sql, { route: ROUTE.name, routeId: 1, states: ["planned", "failed"], limit: 1_000 });

    raw.close();
    const range = "SEARCH objects USING INDEX objects_by_state (route_id=? AND state=? AND key>?)";
    expect(plans).toEqual([range, range]);
  });

  it("follow the table of transitions, count exactly, and refuse everything else as a whole", async () => {
    const step = fc.record({
      name: fc.constantFrom("a", "b", "c"),
      from: fc.option(fc.constantFrom(...OBJECT_STATES), { nil: undefined }),
      to: fc.constantFrom(...OBJECT_STATES),
      size: fc.nat(1000),
    });
    const all = new Map<string, { state: ObjectState; size: number }>();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), async (batches) => {
        run++;
        for (const batch of batches) {
          const changes = batch.map((one): ObjectChange => ({
            ...planned(`${run}/${one.name}`, one.size),
            from: one.from,
            state: one.to,
          }));
          const after = new Map(all);
          const expected = changes.every((change) => isLegalTransition(change.from, change.state))
            ? changes.every((change) => {
                const fits = after.get(change.key)?.state === change.from;
                after.set(change.key, { state: change.state, size: change.size });
                return fits;
              })
              ? "stored"
              : "StateConflict"
            : "IllegalTransition";
          const outcome = await ledger.objects.write(changes).then(
            () => "stored",
            (error: LedgerError) => error.code,
          );
          expect(outcome).toBe(expected);
          if (expected === "stored") for (const [key, value] of after) all.set(key, value);
        }
        const stored = await ledger.objects.find(
          ROUTE.name,
          ["a", "b", "c"].map((name) => `${run}/${name}`),
        );
        for (const name of ["a", "b", "c"]) {
          const object = stored.get(`${run}/${name}`);
          expect(object && { state: object.state, size: object.size }).toEqual(all.get(`${run}/${name}`));
        }
      }),
      { numRuns: 300 },
    );
    const counts = await ledger.objects.count();
    for (const count of counts) {
      const inState = [...all.values()].filter((object) => object.state === count.state);
      expect(count.objects).toBe(inState.length);
      expect(count.bytes).toBe(inState.reduce((sum, object) => sum + object.size, 0));
    }
    expect(counts.reduce((sum, count) => sum + count.objects, 0)).toBe(all.size);
    expect(new Set(counts.map((count) => count.state)).size).toBeGreaterThan(2);
  });
});

describe("a writer", () => {
  it("tells each change once, after it was stored, in the order it came", async () => {
    const told: string[] = [];
    const storedWhenTold: Promise<number>[] = [];
    const writer = ledger.writer({
      batchSize: 10,
      lingerMs: 1,
      onCommitted: (change) => {
        told.push(change.key);
        storedWhenTold.push(ledger.objects.find(ROUTE.name, [change.key]).then((found) => found.size));
      },
    });
    const keys = Array.from({ length: 95 }, (_, i) => `k${i}`);
    for (const key of keys) await writer.add(planned(key));
    await writer.end();
    expect(told).toEqual(keys);
    expect(new Set(await Promise.all(storedWhenTold))).toEqual(new Set([1]));
  });

  it("takes two steps of one object in one batch", async () => {
    const writer = ledger.writer({ lingerMs: 60_000 });
    const first = planned("a");
    await writer.add(first);
    await writer.add(changeOf({ ...first, updatedAt: 0 }, { state: "copied" }));
    await writer.flush();
    expect((await ledger.objects.find(ROUTE.name, ["a"])).get("a")?.state).toBe("copied");
    await writer.end();
  });

  it("stores nothing of a batch that fails, nothing after it, and says why ever after", async () => {
    await ledger.objects.write([planned("taken")]);
    const writer = ledger.writer({ batchSize: 2, lingerMs: 60_000 });
    await writer.add(planned("a"));
    const failures: unknown[] = [];
    for (const key of ["taken", "b", "c", "d"]) {
      await writer.add(planned(key)).catch((error: unknown) => failures.push(error));
    }
    await expect(writer.end()).rejects.toMatchObject({ code: "StateConflict" });
    expect(keysOf(await ledger.objects.page({ route: ROUTE.name }))).toEqual(["taken"]);
  });

  it("refuses an illegal step at once, and goes on with the others", async () => {
    const writer = ledger.writer();
    await expect(writer.add({ ...planned("a"), state: "verified" })).rejects.toMatchObject({
      code: "IllegalTransition",
    });
    await writer.add(planned("b"));
    await writer.end();
    expect(keysOf(await ledger.objects.page({ route: ROUTE.name }))).toEqual(["b"]);
  });
});

describe("runs, events and uploads", () => {
  it("are remembered", async () => {
    const id = await ledger.runs.start();
    await ledger.events.note({
      level: "warning",
      type: "md5-differs",
      route: ROUTE.name,
      key: "a",
      detail: { size: 1 },
    });
    await ledger.runs.finish(3, { copied: 7 });
    expect(await ledger.runs.last()).toMatchObject([{ id, command: "test", exitCode: 3, summary: { copied: 7 } }]);
    expect(await ledger.events.last()).toMatchObject([
      { runId: id, level: "warning", type: "md5-differs", route: ROUTE.name, key: "a", detail: { size: 1 } },
    ]);
  });

  it("keep the parts of an upload until it is forgotten", async () => {
    const upload = {
      route: ROUTE.name,
      key: "big",
      uploadId: "u1",
      targetKey: "big",
      sourceEtag: "e",
      size: 30,
      partSizeBytes: 10,
      startedAt: 1,
    };
    await ledger.uploads.start(upload);
    await ledger.uploads.addPart(ROUTE.name, "big", { partNumber: 2, etag: "p2", size: 10, digest: "aa" });
    await ledger.uploads.addPart(ROUTE.name, "big", { partNumber: 1, etag: "p1", size: 10, digest: "bb" });
    await ledger.uploads.addPart(ROUTE.name, "big", { partNumber: 2, etag: "p2b", size: 10, digest: "cc" });
    expect(await ledger.uploads.find(ROUTE.name, "big")).toEqual({
      ...upload,
      parts: [
        { partNumber: 1, etag: "p1", size: 10, digest: "bb" },
        { partNumber: 2, etag: "p2b", size: 10, digest: "cc" },
      ],
    });
    const asked = { ...upload, uploadId: null, startedAt: 2 };
    await ledger.uploads.start(asked);
    expect(await ledger.uploads.find(ROUTE.name, "big")).toEqual({ ...asked, parts: [] });
    await ledger.uploads.start({ ...upload, key: "bigger" });
    expect((await Array.fromAsync(ledger.uploads.walk(ROUTE.name))).map(({ key }) => key)).toEqual(["big", "bigger"]);
    await ledger.uploads.forget(ROUTE.name, "big");
    expect(await ledger.uploads.find(ROUTE.name, "big")).toBeUndefined();
  });
});

describe("an order of objects", () => {
  const rows = [
    { key: "a", size: 5, lastModified: 300 },
    { key: "b", size: 9, lastModified: null },
    { key: "c", size: 0, lastModified: 100 },
    { key: "d", size: 5, lastModified: 200 },
  ];

  it.each([
    ["key", "a b c d"],
    ["size", "c a d b"],
    ["-size", "b a d c"],
    ["newest", "a d c b"],
    ["oldest", "c d a b"],
  ] as const)("%s is %s; equal ones come by key, unknown times last", async (order, expected) => {
    await ledger.objects.write(rows.map(({ key, size, lastModified }) => ({ ...planned(key, size), lastModified })));
    await ledger.objects.write([{ ...planned("e"), state: "skipped", reason: "excluded" }]);
    const walked = await collect(ledger.objects.walk({ route: ROUTE.name, states: ["planned"], order }));
    expect(keysOf(walked).join(" ")).toBe(expected);
  });

  it("L9 is complete over many pages, each object once, while they leave the state behind the reader", async () => {
    const sizes = Array.from({ length: 1_234 }, (_, i) => (i * 7_919) % 601);
    await ledger.objects.write(sizes.map((size, i) => planned(`key-${i}`, size)));
    const writer = ledger.writer();
    const walked: number[] = [];
    for await (const object of ledger.objects.walk({ route: ROUTE.name, states: ["planned"], order: "-size" })) {
      walked.push(object.size);
      await writer.add(changeOf(object, { state: "copied" }));
    }
    await writer.end();
    expect(walked).toEqual(sizes.toSorted((one, other) => other - one));
    expect(await ledger.objects.count()).toMatchObject([{ state: "copied", objects: sizes.length }]);
  });

  it("leaves out what left the state before its page came, and what entered it since the walk began", async () => {
    await ledger.objects.write(Array.from({ length: 1_000 }, (_, i) => planned(`key-${i}`, i)));
    const pages = ledger.objects
      .pages({ route: ROUTE.name, states: ["planned"], order: "size" })
      [Symbol.asyncIterator]();
    expect((await pages.next()).value).toHaveLength(500);
    const found = await ledger.objects.find(ROUTE.name, ["key-998"]);
    await ledger.objects.write([
      ...[...found.values()].map((object) => changeOf(object, { state: "vanished" })),
      planned("late", 2_000),
    ]);
    const rest = keysOf((await pages.next()).value);
    expect(rest).toHaveLength(499);
    expect(rest).not.toContain("key-998");
    expect((await pages.next()).done).toBe(true);
  });
});
