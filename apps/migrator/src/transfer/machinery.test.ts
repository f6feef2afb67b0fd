import { createHash } from "node:crypto";
import { StorageError } from "@bucketferry/storage-core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bandwidth } from "./bandwidth.ts";
import { byteBudget } from "./byte-budget.ts";
import { checksumFor, digestBytes, runningDigests } from "./digests.ts";
import { pause, type PauseEvent } from "./pause.ts";
import { pool } from "./pool.ts";
import { attribute, SideFailure } from "./side-failure.ts";

const never = (): AbortSignal => new AbortController().signal;
async function* numbers(count: number, asked: { count: number } = { count: 0 }): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) {
    asked.count++;
    yield i;
  }
}

describe("the pool", () => {
  it("works on every item, as many at once as allowed and never more", async () => {
    let busy = 0;
    let most = 0;
    const seen: number[] = [];
    await pool(
      numbers(100),
      async (item) => {
        most = Math.max(most, ++busy);
        await new Promise((resolve) => setImmediate(resolve));
        busy--;
        seen.push(item);
      },
      { concurrency: () => 7, drain: never() },
    );
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(most).toBe(7);
  });

  it("L9 asks for the next item only when somebody is free for it", async () => {
    const asked = { count: 0 };
    const gate = Promise.withResolvers<void>();
    const running = pool(numbers(100, asked), () => gate.promise, { concurrency: () => 4, drain: never() });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(asked.count).toBe(4);
    gate.resolve();
    await running;
    expect(asked.count).toBe(100);
  });

  it("L8 begins nothing new after an interruption, and waits for what is under way", async () => {
    const drain = new AbortController();
    const ended: number[] = [];
    await pool(
      numbers(100),
      async (item) => {
        if (item === 3) drain.abort();
        await new Promise((resolve) => setTimeout(resolve, 5));
        ended.push(item);
      },
      { concurrency: () => 3, drain: drain.signal },
    );
    expect(ended.length).toBeGreaterThanOrEqual(4);
    expect(ended.length).toBeLessThan(8);
  });

  it("rejects with the first failure, after everything that was begun has ended", async () => {
    let busy = 0;
    const work = async (item: number): Promise<void> => {
      busy++;
      await new Promise((resolve) => setTimeout(resolve, item === 2 ? 1 : 10));
      busy--;
      if (item === 2) throw new Error("two");
    };
    await expect(pool(numbers(100), work, { concurrency: () => 5, drain: never() })).rejects.toThrow("two");
    expect(busy).toBe(0);
  });

  it("rejects when its items do", async () => {
    const broken = (async function* () {
      yield 1;
      throw new Error("listing");
    })();
    await expect(pool(broken, async () => undefined, { concurrency: () => 5, drain: never() })).rejects.toThrow(
      "listing",
    );
  });
});

describe("the byte budget", () => {
  it("L9 never gives out more than it has, and serves everybody in the end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 30 }), async (sizes) => {
        const budget = byteBudget(100);
        let used = 0;
        let most = 0;
        await Promise.all(
          sizes.map(async (size) => {
            const release = await budget.take(size, never());
            const share = Math.min(size, 100);
            used += share;
            most = Math.max(most, used);
            await new Promise((resolve) => setImmediate(resolve));
            used -= share;
            release();
            release();
          }),
        );
        expect(most).toBeLessThanOrEqual(100);
        expect(used).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("lets others pass when one that waits is aborted", async () => {
    const budget = byteBudget(10);
    const release = await budget.take(10, never());
    const impatient = new AbortController();
    const first = budget.take(10, impatient.signal);
    const second = budget.take(1, never());
    impatient.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    release();
    (await second)();
  });
});

describe("the bandwidth limit", () => {
  it("L14 holds over time, whatever the sizes, by a clock that only goes forward", async () => {
    const limit = bandwidth(1_000_000);
    const start = performance.now();
    let bytes = 0;
    for (const size of [1, 200_000, 5_000, 150_000, 94_999, 50_000]) {
      await limit.pass(size, never());
      bytes += size;
    }
    // A quarter of a second is free after a quiet time.
    expect(performance.now() - start).toBeGreaterThanOrEqual(bytes / 1_000 - 250 - 5);
  });

  it("holds for many bodies at once, together", async () => {
    const limit = bandwidth(2_000_000);
    const start = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => limit.pass(20_000, never())));
    expect(performance.now() - start).toBeGreaterThanOrEqual(245);
  });

  it("lets those who wait go on when it is lifted, and stops them when they are aborted", async () => {
    const limit = bandwidth(1);
    await limit.pass(0, never());
    const waiting = limit.pass(1_000_000, never());
    const abort = new AbortController();
    const given = limit.pass(1, abort.signal);
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("The operation was aborted");
    limit.setRate(undefined);
    await waiting;
    await limit.pass(1_000_000_000, never());
  });
});

describe("digests", () => {
  it("are those of the bytes, however they are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (chunks) => {
        const bytes = Buffer.concat(chunks);
        const running = runningDigests(true);
        for (const chunk of chunks) running.update(chunk);
        const hex = (name: string) => createHash(name).update(bytes).digest("hex");
        const expected = { size: bytes.length, sha256: hex("sha256"), md5: hex("md5") };
        expect(running.digests()).toEqual(expected);
        expect(digestBytes(bytes, true)).toEqual(expected);
      }),
    );
  });

  it("S30 go with the put in the strongest form that the target verifies, or not at all", () => {
    const bytes = Buffer.from("123456789");
    const digests = digestBytes(bytes, false);
    const sent = (...onPut: ("md5" | "sha256" | "crc32" | "sha1" | "crc64nvme")[]) =>
      checksumFor(bytes, digests, { checksums: { onPut, reported: [] } });
    expect(sent("crc32", "md5", "sha256")).toEqual({
      algorithm: "sha256",
      value: "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
    });
    expect(sent("crc32", "md5")).toEqual({ algorithm: "md5", value: "25f9e794323b453885f5181f1b624d0b" });
    expect(sent("crc32")).toEqual({ algorithm: "crc32", value: "y/Q5Jg==" });
    expect(sent("crc64nvme")).toBeUndefined();
  });
});

describe("a pause", () => {
  const expired = new StorageError("Unauthenticated", "The token has expired.");

  it("S13 holds everybody back until the side works again, and asks it alone", async () => {
    const events: PauseEvent[] = [];
    let probes = 0;
    const pausing = pause({
      probe: async () => {
        if (++probes < 3) throw expired;
      },
      patienceMs: 10_000,
      failureOf: (_, trouble) => trouble,
      signal: never(),
      onEvent: (event) => events.push(event),
      firstWaitMs: 1,
    });
    await pausing.passable(never());
    pausing.begin("source", expired);
    pausing.begin("source", expired);
    await Promise.all(Array.from({ length: 20 }, async () => pausing.passable(never())));
    expect(probes).toBe(3);
    expect(events.map((event) => event.type)).toEqual(["paused", "resumed"]);
  });

  it("S13 ends the run with its trouble when patience is over", async () => {
    const pausing = pause({
      probe: () => Promise.reject(expired),
      patienceMs: 20,
      failureOf: (side, trouble) => new Error(`the ${side}: ${trouble.code}`),
      signal: never(),
      onEvent: () => undefined,
      firstWaitMs: 5,
    });
    pausing.begin("target", expired);
    await expect(pausing.passable(never())).rejects.toThrow("the target: Unauthenticated");
    await expect(pausing.passable(never())).rejects.toThrow("the target: Unauthenticated");
  });
});

it("a body that breaks while it is put is the source's failure, however deep it is wrapped", () => {
  const inner = new SideFailure("source", new StorageError("IncompleteBody", "short"));
  const wrapped = new StorageError("Unknown", "put failed", { cause: new Error("request failed", { cause: inner }) });
  expect(attribute("target", wrapped)).toBe(inner);
  expect(attribute("target", new StorageError("Timeout", "late"))).toMatchObject({ side: "target" });
});
