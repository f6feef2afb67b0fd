import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { StorageProvider } from "../../src/contract/provider.ts";
import { limit, timeout, type SetTimer } from "../../src/layers/index.ts";
import { memory, type MemoryCall } from "../../src/memory/index.ts";
import { breaking } from "./scripted.ts";

/** Memory in which calls wait until a test lets them go. */
function slow() {
  const waiting: { readonly call: MemoryCall; readonly go: () => void }[] = [];
  let arrived = (): void => undefined;
  const provider = memory({
    onCall: (call) =>
      new Promise<void>((resolve) => {
        waiting.push({ call, go: resolve });
        arrived();
      }),
  });
  return {
    provider,
    waiting,
    /** Resolves when so many calls wait. */
    arrivals: async (count: number): Promise<void> => {
      while (waiting.length < count) await new Promise<void>((resolve) => (arrived = resolve));
    },
    go: (): void => {
      for (const { go } of waiting.splice(0)) go();
    },
  };
}

/** All promise callbacks that are due have run when it resolves. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("limit", () => {
  test("lets so many calls through, the others in order of their arrival", async () => {
    const { provider, waiting, arrivals, go } = slow();
    const limited = limit({ concurrency: 2 })(provider);
    const done: string[] = [];
    const calls = ["a", "b", "c", "d", "e"].map((key) => limited.put(key, key).then(() => done.push(key)));
    await arrivals(2);
    await settled();
    expect(waiting.map(({ call }) => call.key)).toEqual(["a", "b"]);
    go();
    await arrivals(2);
    expect(waiting.map(({ call }) => call.key)).toEqual(["c", "d"]);
    go();
    await arrivals(1);
    go();
    await Promise.all(calls);
    expect(done).toHaveLength(5);
  });

  test.each(["read", "cancelled", "left", "broken"])("A22 a get keeps its place until its body is %s", async (way) => {
    const inner = memory();
    await inner.put("a", "0123456789");
    const { provider } = breaking(inner, way === "broken" ? [4] : []);
    const limited = limit({ concurrency: 1 })(provider);
    const first = await limited.get("a");
    let passed = false;
    const second = limited.head("a").then(() => (passed = true));
    await settled();
    expect(passed).toBe(false);
    if (way === "read") await first.bytes();
    if (way === "cancelled") await first.cancel();
    if (way === "left") for await (const _ of first) break;
    if (way === "broken") await first.bytes().catch(() => undefined);
    await second;
    expect(passed).toBe(true);
  });

  test("a get that fails gives its place back", async () => {
    const limited = limit({ concurrency: 1 })(memory());
    for (let time = 0; time < 3; time += 1)
      await expect(limited.get("missing")).rejects.toMatchObject({ code: "NotFound" });
  });

  test("L01 who aborts while waiting gets Aborted, makes no call, and holds up nobody", async () => {
    const { provider, waiting, arrivals, go } = slow();
    const limited = limit({ concurrency: 1 })(provider);
    const controller = new AbortController();
    const first = limited.put("a", "");
    const second = limited.put("b", "", { signal: controller.signal });
    const third = limited.put("c", "");
    await arrivals(1);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "Aborted", operation: "put", key: "b" });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    go();
    await first;
    await arrivals(1);
    expect(waiting.map(({ call }) => call.key)).toEqual(["c"]);
    go();
    await third;
  });

  test.each([0, -1, 1.5, Number.NaN])("a concurrency of %s is no configuration", (concurrency) => {
    expect(() => limit({ concurrency })).toThrow("Pass a whole number");
  });
});

/** A clock that runs when a test says so. */
function clock() {
  const timers = new Set<{ readonly run: () => void; readonly at: number }>();
  let now = 0;
  const setTimer: SetTimer = (run, afterMs) => {
    const timer = { run, at: now + afterMs };
    timers.add(timer);
    return { clear: () => void timers.delete(timer) };
  };
  return {
    setTimer,
    timers,
    advance: (ms: number): void => {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.run();
      }
    },
  };
}

describe("timeout", () => {
  test("L06 a service that never answers ends in Timeout, and the inner call is aborted", async () => {
    const { setTimer, advance, timers } = clock();
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const inner: StorageProvider = {
      ...memory(),
      head: (_key, options) => {
        options?.signal?.addEventListener("abort", () => resolve());
        return new Promise(() => undefined);
      },
    };
    const call = timeout({ timeoutMs: 1000, setTimer })(inner).head("a");
    await settled();
    advance(999);
    await settled();
    advance(1);
    await expect(call).rejects.toMatchObject({
      code: "Timeout",
      operation: "head",
      key: "a",
      persistence: "temporary",
      applied: undefined,
    });
    await aborted;
    expect(timers.size).toBe(0);
  });

  test("L06 a write that is late may have been done", async () => {
    const { setTimer, advance } = clock();
    const { provider, arrivals } = slow();
    const call = timeout({ timeoutMs: 1000, setTimer })(provider).delete("a");
    await arrivals(1);
    advance(1000);
    await expect(call).rejects.toMatchObject({ code: "Timeout", applied: "unknown" });
  });

  test("a get that answers too late is cancelled", async () => {
    const { setTimer, advance } = clock();
    const inner = memory();
    await inner.put("a", "text");
    const { promise: cancelled, resolve } = Promise.withResolvers<void>();
    const { promise: answer, resolve: answerNow } = Promise.withResolvers<void>();
    const late: StorageProvider = {
      ...inner,
      async get(key) {
        await answer;
        const { info, range } = await inner.get(key);
        return { info, range, cancel: async () => resolve() } as Awaited<ReturnType<typeof inner.get>>;
      },
    };
    const call = timeout({ timeoutMs: 1000, setTimer })(late).get("a");
    advance(1000);
    await expect(call).rejects.toMatchObject({ code: "Timeout" });
    answerNow();
    await cancelled;
  });

  test("L07 a body that stands still ends in Timeout; one that moves may take as long as it likes", async () => {
    const { setTimer, advance, timers } = clock();
    const inner = memory();
    await inner.put("a", "0123456789");
    const steps: (() => void)[] = [];
    const stepwise: StorageProvider = {
      ...inner,
      async get(key, options) {
        const result = await inner.get(key, options);
        return Object.assign(Object.create(result) as typeof result, {
          info: result.info,
          range: result.range,
          cancel: () => result.cancel(),
          async *[Symbol.asyncIterator]() {
            for (const byte of await result.bytes()) {
              await new Promise<void>((resolve) => steps.push(resolve));
              yield Uint8Array.of(byte);
            }
          },
        });
      },
    };
    const result = await timeout({ timeoutMs: 1000, idleMs: 500, setTimer })(stepwise).get("a");
    expect(timers.size).toBe(0);
    const iterator = result[Symbol.asyncIterator]();
    for (let step = 0; step < 9; step += 1) {
      const next = iterator.next();
      await settled();
      advance(499);
      steps.shift()?.();
      await expect(next).resolves.toMatchObject({ done: false });
    }
    const last = iterator.next();
    await settled();
    advance(500);
    await expect(last).rejects.toMatchObject({
      code: "Timeout",
      operation: "get",
      key: "a",
      message: expect.stringContaining("stood still"),
    });
    expect(timers.size).toBe(0);
  });

  test("a streamed upload has new time with each piece that is read", async () => {
    const { setTimer, advance } = clock();
    const steps: (() => void)[] = [];
    const body = (async function* () {
      for (let piece = 0; piece < 3; piece += 1) {
        await new Promise<void>((resolve) => steps.push(resolve));
        yield new Uint8Array(1);
      }
    })();
    const put = timeout({ timeoutMs: 1000, setTimer })(memory()).put("a", body);
    for (let piece = 0; piece < 3; piece += 1) {
      while (steps.length === 0) await settled();
      advance(900);
      steps.shift()?.();
      await settled();
    }
    await expect(put).resolves.toMatchObject({ size: 3 });
  });

  test("bytes in one piece have time by their number", async () => {
    const { setTimer, advance } = clock();
    const { provider, arrivals, go } = slow();
    const put = timeout({ timeoutMs: 1000, minBytesPerSecond: 1000, setTimer })(provider).put(
      "a",
      new Uint8Array(2000),
    );
    await arrivals(1);
    advance(2999);
    go();
    await expect(put).resolves.toMatchObject({ size: 2000 });
  });

  test("L05 an answer in time leaves neither timer nor listener", async () => {
    const { setTimer, timers } = clock();
    const { signal } = new AbortController();
    const provider = timeout({ setTimer })(memory());
    await provider.put("a", "text", { signal });
    await (await provider.get("a", { signal })).bytes();
    await (await provider.get("a", { signal })).cancel();
    await Array.fromAsync(provider.list({ signal }));
    await Array.fromAsync(provider.deleteMany(["a"], { signal }));
    await expect(provider.head("a", { signal })).rejects.toMatchObject({ code: "NotFound" });
    expect(timers.size).toBe(0);
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("the caller's own abort stays Aborted", async () => {
    const { setTimer } = clock();
    const { provider, arrivals, go } = slow();
    const controller = new AbortController();
    const call = timeout({ setTimer })(provider).put("a", "", { signal: controller.signal });
    await arrivals(1);
    controller.abort();
    go();
    await expect(call).rejects.toMatchObject({ code: "Aborted" });
  });
});
