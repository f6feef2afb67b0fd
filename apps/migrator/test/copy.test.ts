import type { FaultProxy } from "@bucketferry/local-servers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Stages } from "./in-process.ts";
import { openProxiedStages } from "./proxied-stages.ts";
import { content, inventory, seed, type World } from "./world.ts";

let world: World;
let stages: Stages;
let sourceProxy: FaultProxy;
let targetProxy: FaultProxy;
let close: () => Promise<void>;
beforeEach(async () => {
  ({ world, stages, sourceProxy, targetProxy, close } = await openProxiedStages());
});
afterEach(() => close());

const LARGE = 20_000_000;
const source = () => world.route.source;
const target = () => world.route.target;
const bytesAt = async (key: string): Promise<Buffer> => Buffer.from(await (await target().get(key)).bytes());
const record = async (key: string) => (await stages.ledger.objects.find("audio", [key])).get(key);

/** Does something once, after the source has opened an object for the copier and before a byte of it is read. */
function whileOpen(work: () => Promise<unknown>): void {
  let begun = false;
  stages.afterOpen = async () => {
    if (begun) return;
    begun = true;
    await work();
  };
}

describe("a source that changes", () => {
  it("S1 S2 while a large body is read is read again, and the target ends with the new bytes and no mixture", async () => {
    await source().put("large", content(1, LARGE));
    await stages.plan();
    whileOpen(() => source().put("large", content(2, LARGE)));
    const summary = await stages.copy();
    expect(summary).toMatchObject({ copied: 1, failed: 0, changedUnderCopy: 1 });
    expect((await bytesAt("large")).equals(content(2, LARGE))).toBe(true);
    expect((await stages.verify("deep")).verified).toBe(1);
  });

  it("S3 by being deleted while it is read leaves no copy behind, and counts as vanished", async () => {
    await source().put("large", content(1, LARGE));
    await stages.plan();
    whileOpen(() => source().delete("large"));
    const summary = await stages.copy();
    expect(summary).toMatchObject({ copied: 0, failed: 0, vanished: 1 });
    expect(await target().exists("large")).toBe(false);
    expect(await record("large")).toMatchObject({ state: "vanished", reason: "gone-from-source" });
  });

  it("S3 by being deleted between plan and copy counts as vanished, not as failed", async () => {
    const keys = await seed(world, 3);
    await stages.plan();
    await source().delete(keys[1] ?? "");
    expect(await stages.copy()).toMatchObject({ copied: 2, failed: 0, vanished: 1 });
  });

  it("S1 between plan and copy is copied as it is now, and recorded as such", async () => {
    await source().put("a", "old");
    await stages.plan();
    await source().put("a", "newer bytes");
    expect(await stages.copy()).toMatchObject({ copied: 1 });
    expect(await record("a")).toMatchObject({ size: 11, targetSize: 11 });
    expect((await stages.plan()).kept).toBe(1);
  });
});

describe("a way that breaks bodies", () => {
  it("S10 by cutting them never leaves a short copy: it is read again", async () => {
    const keys = await seed(world, 12);
    await stages.plan();
    for (const end of ["cut", "clean"] as const) {
      sourceProxy.faults.inject({
        match: { method: "GET", path: "lectures" },
        after: end === "cut" ? 2 : 4,
        times: 2,
        fault: { kind: "truncate", afterBytes: 3, end },
      });
    }
    const summary = await stages.copy({ concurrency: 1 });
    expect(summary).toMatchObject({ copied: 12, failed: 0 });
    for (const [i, key] of keys.entries()) expect((await bytesAt(key)).equals(content(i, i * 7))).toBe(true);
  });

  it("S8 by changing them is found by the source's own MD5 and goes to the dead letters, alone", async () => {
    const keys = await seed(world, 12);
    await stages.plan();
    sourceProxy.faults.inject({
      match: { method: "GET", path: "0007" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "flipBit", atByte: 5 },
    });
    expect(await stages.copy({ concurrency: 1 })).toMatchObject({ copied: 11, failed: 1, md5Unproved: 0 });
    expect(await record(keys[7] ?? "")).toMatchObject({ state: "failed", errorCode: "ChecksumMismatch", attempts: 3 });
    expect(await target().exists(keys[7] ?? "")).toBe(false);
  });

  it("to the target is found by the checksum that goes with each put", async () => {
    const keys = await seed(world, 6);
    await stages.plan();
    targetProxy.faults.inject({
      match: { method: "PUT" },
      after: 2,
      times: 1,
      fault: { kind: "flipRequestBit", atByte: 3 },
    });
    expect(await stages.copy({ concurrency: 1 })).toMatchObject({ copied: 6, failed: 0 });
    for (const [i, key] of keys.entries()) expect((await bytesAt(key)).equals(content(i, i * 7))).toBe(true);
  });
});

describe("a service in trouble", () => {
  it("S12 that asks to slow down is obeyed, and nothing fails", async () => {
    await seed(world, 20);
    await stages.plan();
    targetProxy.faults.inject({
      match: { method: "PUT" },
      after: 3,
      times: 6,
      fault: {
        kind: "answer",
        status: 503,
        body: "<Error><Code>SlowDown</Code></Error>",
        headers: { "retry-after": "0" },
      },
    });
    expect(await stages.copy()).toMatchObject({ copied: 20, failed: 0 });
  });

  it("L12 with one object sends that one to the dead letters and goes on; a new plan tries it again", async () => {
    const keys = await seed(world, 10);
    await stages.plan();
    sourceProxy.faults.inject({
      match: { method: "GET", path: "0004" },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "answer", status: 500 },
    });
    expect(await stages.copy()).toMatchObject({ copied: 9, failed: 1 });
    expect(await record(keys[4] ?? "")).toMatchObject({ state: "failed", errorCode: "Unavailable", attempts: 3 });
    expect(stages.events).toContainEqual(
      expect.objectContaining({ type: "object", key: keys[4], state: "failed", code: "Unavailable" }),
    );

    sourceProxy.faults.clear();
    expect((await stages.plan()).toCopy.objects).toBe(1);
    expect(await stages.copy()).toMatchObject({ copied: 1, failed: 0 });
  });

  it("S13 whose credentials expire in the middle pauses everything, fails nothing, and goes on when they work again", async () => {
    await seed(world, 30);
    await stages.plan();
    targetProxy.faults.inject({
      match: {},
      after: 8,
      times: Number.POSITIVE_INFINITY,
      fault: {
        kind: "answer",
        status: 400,
        body: "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
      },
    });
    const copying = stages.copy();
    // However many requests were under way: the credentials work again when everybody waits for that.
    await expect.poll(() => stages.events.some(({ type }) => type === "paused"), { timeout: 20_000 }).toBe(true);
    targetProxy.faults.clear();
    expect(await copying).toMatchObject({ copied: 30, failed: 0 });
    const types = stages.events.map((event) => event.type);
    expect(types.indexOf("paused")).toBeGreaterThanOrEqual(0);
    expect(types.indexOf("resumed")).toBeGreaterThan(types.indexOf("paused"));
  });

  it("S13 whose credentials stay expired stops the run when patience is over; everything stays planned", async () => {
    await seed(world, 10);
    await stages.plan();
    targetProxy.faults.inject({
      match: {},
      after: 3,
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "answer", status: 400, body: "<Error><Code>ExpiredToken</Code></Error>" },
    });
    await expect(stages.copy({ concurrency: 2, patienceMs: 100 })).rejects.toThrow(
      /The target of route audio \(bucket new-files\)/,
    );
    const counts = Object.fromEntries(
      (await stages.ledger.objects.count()).map((count) => [count.state, count.objects]),
    );
    expect(Object.keys(counts).toSorted()).toEqual(["copied", "planned"]);
    expect((counts["copied"] ?? 0) + (counts["planned"] ?? 0)).toBe(10);
  });

  it("that is away for a while is waited for, instead of failing everything that is left", async () => {
    await seed(world, 60);
    await stages.plan();
    targetProxy.faults.inject({ match: {}, after: 10, times: 40, fault: { kind: "answer", status: 503 } });
    const summary = await stages.copy({ concurrency: 1 });
    expect(stages.events.some((event) => event.type === "paused")).toBe(true);
    expect(summary.copied + summary.failed).toBe(60);
    // Four in a row say that it is the service.
    expect(summary.failed).toBe(4);
    await stages.plan();
    expect(await stages.copy()).toMatchObject({ failed: 0 });
    expect(Object.keys(await inventory(target()))).toHaveLength(60);
  });
});

describe("a target that holds something already", () => {
  it("L1 L5 keeps what appeared after the plan; equal bytes are adopted, others reported", async () => {
    await source().put("same", "the same bytes");
    await source().put("other", "bytes of the source");
    await stages.plan();
    await target().put("same", "the same bytes");
    await target().put("other", "somebody else's");
    expect(await stages.copy()).toMatchObject({ copied: 0, adopted: 1, failed: 1 });
    expect(await record("same")).toMatchObject({ state: "copied", reason: "adopted" });
    expect(await record("other")).toMatchObject({
      state: "failed",
      errorCode: "TargetOccupied",
      errorMessage: expect.stringContaining("plan --overwrite-target") as string,
    });
    expect((await bytesAt("other")).toString()).toBe("somebody else's");
  });

  it("is compared by content before anything is written", async () => {
    await source().put("large", content(3, LARGE));
    await target().put("large", content(3, LARGE));
    await source().put("a", "1");
    await target().put("a", "2");
    world.seen.target.length = 0;
    await stages.plan();
    expect(await stages.copy()).toMatchObject({ copied: 0, adopted: 1, failed: 1 });
    expect(world.count("target", "PutObject") + world.count("target", "CreateMultipartUpload")).toBe(0);
  });
});

describe("what the target cannot hold", () => {
  it("S18 S19 is left out or refused in the plan, with the reason, and never counted as missing", async () => {
    await source().put("folder/.emptyFolderPlaceholder", "");
    await source().put("fine", "1");
    const summary = await stages.plan();
    expect(summary).toMatchObject({ skipped: 1, toCopy: { objects: 1 } });
    await stages.copy();
    expect(await record("folder/.emptyFolderPlaceholder")).toMatchObject({
      state: "skipped",
      reason: "folder-placeholder",
    });
    expect((await stages.plan()).toCopy.objects).toBe(0);
  });

  it("S5 twins are shown in the plan", async () => {
    await source().put("A.mp3", "1");
    await source().put("a.mp3", "2");
    expect((await stages.plan()).twins).toBe(1);
    expect(stages.events).toContainEqual({ type: "twins", route: "audio", keys: ["A.mp3", "a.mp3"] });
    expect(await stages.copy()).toMatchObject({ copied: 2 });
  });
});
