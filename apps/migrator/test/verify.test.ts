import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig, type Route } from "@bucketferry/config";
import type { FaultProxy } from "@bucketferry/local-servers";
import { compareKeys, type ListPage, type ListPageOptions } from "@bucketferry/storage-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CSV_COLUMNS } from "../src/diff/diff-file.ts";
import type { DiffRow } from "../src/diff/diff-row.ts";
import { openSides } from "../src/sides.ts";
import { verify } from "../src/stages/verify.ts";
import { stagesOver, type Stages } from "./in-process.ts";
import { openProxiedStages } from "./proxied-stages.ts";
import { content, seed, type World } from "./world.ts";

// Servers, proxies and several stages in each test, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 });

let world: World;
let stages: Stages;
let targetProxy: FaultProxy;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ world, stages, targetProxy, close } = await openProxiedStages());
});
afterEach(() => close());

const MIB = 1024 * 1024;
const source = () => world.route.source;
const target = () => world.route.target;
const record = async (key: string) => (await stages.ledger.objects.find("audio", [key])).get(key);
const rows = (): DiffRow[] => stages.events.filter((event) => event.type === "diff");
const inWords = (): Record<string, string> =>
  Object.fromEntries(rows().map(({ key, status, reason, state }) => [key, `${status} ${reason} ${state}`]));

async function copied(count: number): Promise<string[]> {
  const keys = await seed(world, count);
  await stages.plan();
  await stages.copy();
  return keys;
}

describe("verify compares the two sides", () => {
  it("and finds each of the five ways in which an object can stand, on its own truth", async () => {
    const keys = await copied(8);
    await stages.verify();
    const [equal = "", replaced = "", lost = "", changed = "", gone = "", refused = ""] = keys;
    await target().put(replaced, "somebody else's");
    await target().delete(lost);
    await source().put(changed, content(70, 50));
    await source().delete(gone);
    await source().put("new.mp3", "new");
    await target().put("foreign.mp3", "not ours");
    targetProxy.faults.inject({
      match: { method: "GET", path: "lectures/0005" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "answer", status: 403, body: "<Error><Code>AccessDenied</Code></Error>" },
    });

    const path = join(world.directory, "diff.csv");
    const summary = await stages.verify("deep", { diff: { path, format: "csv" } });
    expect(inWords()).toEqual({
      "foreign.mp3": "only-target not-on-record null",
      [replaced]: "differ target-changed planned",
      [lost]: "only-source target-lost planned",
      [changed]: "differ source-changed planned",
      [gone]: "only-target gone-from-source verified",
      [refused]: "unreadable unchecked verified",
      "new.mp3": "only-source not-planned null",
    });
    expect(rows().find(({ key }) => key === refused)).toMatchObject({ code: "PermissionDenied" });
    expect(summary).toMatchObject({
      diff: { equal: 3, differ: 2, "only-source": 2, "only-target": 2, unreadable: 1 },
      // What is only at the target, and what the source gave up, has an explanation; the rest has not (L10).
      troubles: 5,
      planAgain: { "target-changed": 1, "target-lost": 1, "source-changed": 1 },
      complete: true,
    });

    const [header, ...lines] = readFileSync(path, "utf8").trimEnd().split("\r\n");
    expect(header).toBe(CSV_COLUMNS.join(","));
    expect(lines).toHaveLength(10);
    const keysInFile = lines.map((line) => line.split(",")[3] ?? "");
    expect(keysInFile).toEqual(
      [...keys, "new.mp3", "foreign.mp3"].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
    );
    expect(lines.find((line) => line.includes(equal))).toMatch(/^audio,equal,,.*,verified,both-read,/);
  });

  it("reads nothing where evidence is on record, and lists each side once", async () => {
    await copied(30);
    world.seen.source.length = 0;
    world.seen.target.length = 0;
    expect(await stages.verify()).toMatchObject({ verified: 30, objectsRead: 0, bytesRead: 0, troubles: 0 });
    expect(world.seen.source.map(({ operation }) => operation)).toEqual(["ListObjectsV2"]);
    expect(world.seen.target.map(({ operation }) => operation)).toEqual(["ListObjectsV2"]);
  });

  it("S4 of equal size and time, with a listing that shows no ETag, only by reading: deep finds other bytes", async () => {
    world.configure((file) => {
      file.ledger = "sqlite:plain.db";
    });
    const config = await parseConfig(JSON.parse(readFileSync(world.configFile, "utf8")), world.configFile);
    const routes = openSides(config, { onCall: () => undefined }).map((route) => withPlainListing(route));
    const plain = await stagesOver(config, routes);
    try {
      await source().put("a", "first");
      await plain.plan();
      await plain.copy();
      expect(await plain.verify()).toMatchObject({ verified: 1, troubles: 0 });
      await source().put("a", "other");
      await plain.plan();
      expect(await plain.verify("quick")).toMatchObject({ verified: 1, troubles: 0 });
      expect(await plain.verify()).toMatchObject({ verified: 1, troubles: 0 });
      expect(await plain.verify("deep")).toMatchObject({ verified: 0, planAgain: { "source-changed": 1 } });
      await plain.copy();
      expect(await plain.verify("deep")).toMatchObject({ verified: 1, troubles: 0 });
    } finally {
      await plain.close();
    }
  });

  it("S6 that were put in parts of other sizes, by reading them: their ETags are no MD5s", async () => {
    const bytes = content(1, 12 * MIB);
    await source().put("same", bytes, { partSizeBytes: 5 * MIB });
    await target().put("same", bytes, { partSizeBytes: 6 * MIB });
    const other = Buffer.from(bytes);
    other[7 * MIB] = (other[7 * MIB] ?? 0) ^ 1;
    await source().put("other", bytes, { partSizeBytes: 5 * MIB });
    await target().put("other", other, { partSizeBytes: 5 * MIB });
    expect(await stages.verify("quick")).toMatchObject({ diff: { equal: 0, unreadable: 2 }, unproved: 2 });
    const read = await stages.verify();
    expect(read).toMatchObject({ diff: { equal: 1, differ: 1 }, objectsRead: 2 });
    expect(rows().at(-1)).toMatchObject({ key: "other", reason: "bytes", state: null });
  });

  it("with other headers or metadata, when it is asked to, and calls their bytes verified all the same", async () => {
    const keys = await copied(4);
    const [first = ""] = keys;
    await target().put(first, content(0, 0), { contentType: "text/plain", metadata: { lecture: "0", mark: "x" } });
    expect(await stages.verify("standard")).toMatchObject({ diff: { equal: 4 } });
    const summary = await stages.verify("standard", { metadata: true });
    expect(summary).toMatchObject({ verified: 4, diff: { equal: 3, differ: 1 }, troubles: 1 });
    expect(rows().at(-1)).toMatchObject({
      key: first,
      reason: "metadata",
      metadata: [
        { name: "contentType", source: "audio/mpeg", target: "text/plain" },
        { name: "metadata.mark", source: null, target: "x" },
      ],
    });
    // Reading both sides shows their headers anyway.
    expect(await stages.verify("deep")).toMatchObject({ diff: { equal: 3, differ: 1 } });
  });
});

describe("a sample", () => {
  it("is read, the rest is looked at as by --quick, and the same seed reads the same objects", async () => {
    await copied(60);
    await stages.verify();
    const readBy = async (seedText: string): Promise<string[]> => {
      world.seen.source.length = 0;
      const summary = await stages.verify("deep", { sample: { rate: 0.2, seed: seedText } });
      const read = world.seen.source.filter(({ operation }) => operation === "GetObject").map(({ path }) => path);
      expect(summary).toMatchObject({ verified: 60, troubles: 0, objectsRead: read.length });
      return read.toSorted(compareKeys);
    };
    const one = await readBy("monday");
    expect(one.length).toBeGreaterThan(2);
    expect(one.length).toBeLessThan(30);
    expect(await readBy("monday")).toEqual(one);
    expect(await readBy("tuesday")).not.toEqual(one);
  });
});

describe("an interrupted verify", () => {
  it.each(["drain", "abort"] as const)(
    "by %s ends at once, says so, and leaves no diff that looks whole",
    async (how) => {
      await copied(40);
      const stop = new AbortController();
      const never = new AbortController().signal;
      world.onSeen = (side, { operation }) => {
        if (side === "target" && operation === "GetObject") stop.abort();
      };
      const path = join(world.directory, "half.jsonl");
      const summary = await verify(
        { ...stages.context, drain: stop.signal, abort: how === "abort" ? stop.signal : never },
        { depth: "deep", concurrency: 4, diff: { path, format: "jsonl" } },
      ).catch((error: unknown) => {
        // A listing that is under way ends with the abort itself.
        if (how === "abort") return { complete: false, objectsRead: 1 };
        throw error;
      });
      expect(summary.complete).toBe(false);
      expect(summary.objectsRead).toBeLessThan(40);
      expect(existsSync(path) || existsSync(`${path}.part`)).toBe(false);
      world.onSeen = () => undefined;
      expect(await stages.verify("deep")).toMatchObject({ verified: 40, complete: true });
      expect((await record((await seed(world, 1))[0] ?? ""))?.state).toBe("verified");
    },
  );
});

/** A source whose listings show sizes only: less than any service shows. */
function withPlainListing(route: Route): Route {
  return {
    ...route,
    source: {
      ...route.source,
      async listPage(options?: ListPageOptions): Promise<ListPage> {
        const page = await route.source.listPage(options);
        const entries = page.entries.map((entry) =>
          entry.type === "object" ? { ...entry, etag: undefined, lastModified: undefined } : entry,
        );
        return { ...page, entries };
      },
    },
  };
}

it("verify --deep reads a large object in ranges of one version, at both sides", async () => {
  await source().put("large.wav", content(30, 20 * MIB));
  await stages.plan();
  await stages.copy();
  targetProxy.faults.clear();
  expect(await stages.verify("deep")).toMatchObject({ verified: 1, objectsRead: 1, bytesRead: 40 * MIB });
  const { etag } = await target().head("large.wav");
  const reads = targetProxy.faults.seen().filter(({ method, path }) => method === "GET" && path.includes("large.wav"));
  expect(new Set(reads.map(({ headers }) => headers["range"]))).toEqual(
    // None begins where a part of the copy does.
    new Set([`bytes=0-${4 * MIB - 1}`, `bytes=${4 * MIB}-${12 * MIB - 1}`, `bytes=${12 * MIB}-${20 * MIB - 1}`]),
  );
  expect(reads).toHaveLength(3);
  expect(reads.every(({ headers }) => headers["if-match"] === `"${etag}"`)).toBe(true);
});
