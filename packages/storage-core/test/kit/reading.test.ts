import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { DriverGetResult } from "../../src/contract/driver.ts";
import type { GetOptions, GetResult } from "../../src/contract/provider.ts";
import { providerFrom } from "../../src/kit/provider-from.ts";
import { fakeDriver, opened, ServiceError } from "./fake-driver.ts";

const WHOLE = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5)];

async function open(result: DriverGetResult, options: GetOptions = {}): Promise<GetResult> {
  return providerFrom(fakeDriver({ get: async () => result })).get("k", options);
}

const READERS: Readonly<Record<string, (result: GetResult) => Promise<readonly number[]>>> = {
  bytes: async (result) => [...(await result.bytes())],
  iteration: async (result) => (await Array.fromAsync(result)).flatMap((chunk) => [...chunk]),
  "the web stream": async (result) => [...new Uint8Array(await new Response(result.body).arrayBuffer())],
};

describe.each(Object.entries(READERS))("an open object, read by %s", (_name, read) => {
  test("gives every byte", async () => {
    expect(await read(await open(opened(WHOLE, { length: 5 })))).toEqual([1, 2, 3, 4, 5]);
    expect(await read(await open(opened([], { length: 0 })))).toEqual([]);
  });

  test("F05 fails with IncompleteBody when the body ends early", async () => {
    const log: string[] = [];
    await expect(read(await open(opened(WHOLE, { length: 6, log })))).rejects.toMatchObject({
      code: "IncompleteBody",
      operation: "get",
      key: "k",
      message: expect.stringContaining("ended after 5 of 6 bytes"),
    });
    expect(log).toEqual([]);
  });

  test("F06 fails with IncompleteBody when the body goes on, and gives the connection back", async () => {
    const log: string[] = [];
    await expect(read(await open(opened(WHOLE, { length: 4, log })))).rejects.toMatchObject({ code: "IncompleteBody" });
    expect(log).toEqual(["cancel"]);
  });

  test("names what the transport throws in the middle", async () => {
    const broken = new ServiceError({ code: "Unavailable", message: "the connection was cut" });
    await expect(read(await open(opened([Uint8Array.of(1), broken])))).rejects.toMatchObject({
      code: "Unavailable",
      cause: broken,
      message: 'fake: get "k": the connection was cut',
    });
  });

  test("A21 a second reading fails with InvalidArgument, whichever way", async () => {
    const result = await open(opened(WHOLE, { length: 5 }));
    await read(result);
    // A web stream that is read twice is refused by the platform itself.
    const others = Object.values(READERS).filter((again) => again !== read || again !== READERS["the web stream"]);
    for (const again of others) {
      await expect(again(result)).rejects.toMatchObject({ code: "InvalidArgument", key: "k" });
    }
  });

  test("L03 an abort in the middle fails with Aborted, cancels the body, leaves no listener", async () => {
    const controller = new AbortController();
    const log: string[] = [];
    const result = await open(opened([Uint8Array.of(1), new Promise(() => undefined)], { log }), {
      signal: controller.signal,
    });
    const reading = read(result);
    await Promise.resolve();
    controller.abort(new Error("enough"));
    await expect(reading).rejects.toMatchObject({
      code: "Aborted",
      cause: expect.objectContaining({ message: "enough" }),
    });
    expect(log).toEqual(["cancel"]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("L05 a body that was read leaves no listener", async () => {
    const { signal } = new AbortController();
    await read(await open(opened(WHOLE, { length: 5 }), { signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("an open object", () => {
  test("bytes takes the driver's shorter way, and counts there too", async () => {
    const whole = (length: number) => opened([], { length, bytes: async () => new Uint8Array(5) });
    expect(await (await open(whole(5))).bytes()).toHaveLength(5);
    for (const length of [4, 6]) {
      await expect((await open(whole(length))).bytes()).rejects.toMatchObject({ code: "IncompleteBody" });
    }
  });

  test("A22 leaving the loop and cancelling the web stream give the connection back, once", async () => {
    const left: string[] = [];
    for await (const _ of await open(opened(WHOLE, { length: 5, log: left }))) break;
    expect(left).toEqual(["cancel"]);

    const cancelled: string[] = [];
    const result = await open(opened(WHOLE, { length: 5, log: cancelled }));
    await result.body.cancel();
    await result.cancel();
    expect(cancelled).toEqual(["cancel"]);
  });

  test("a look at body claims nothing", async () => {
    const result = await open(opened(WHOLE, { length: 5 }));
    expect(result.body).toBe(result.body);
    expect(await result.bytes()).toHaveLength(5);
  });

  test("a cancelled body cannot be read", async () => {
    const result = await open(opened(WHOLE, { length: 5 }));
    await result.cancel();
    await expect(result.bytes()).rejects.toMatchObject({ code: "InvalidArgument" });
  });

  test("text and json decode UTF-8, and what is no JSON is said without its content", async () => {
    const result = (text: string) => {
      const bytes = new TextEncoder().encode(text);
      return open(opened([bytes.subarray(0, 1), bytes.subarray(1)], { length: bytes.length }));
    };
    expect(await (await result("ä🎉")).text()).toBe("ä🎉");
    expect(await (await result('{"a":[1]}')).json()).toEqual({ a: [1] });
    await expect((await result("secret")).json()).rejects.toMatchObject({
      code: "Unknown",
      message: expect.not.stringContaining("secret"),
    });
  });

  test("a signal aborted while the driver was answering cancels the body that comes", async () => {
    const controller = new AbortController();
    const log: string[] = [];
    const driver = fakeDriver({
      async get() {
        controller.abort();
        return opened(WHOLE, { length: 5, log });
      },
    });
    await expect(providerFrom(driver).get("k", { signal: controller.signal })).rejects.toMatchObject({
      code: "Aborted",
    });
    expect(log).toEqual(["cancel"]);
  });
});
