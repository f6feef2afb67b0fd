import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { providerFrom } from "../../src/kit/provider-from.ts";
import type { BodySource, PutBody } from "../../src/contract/body.ts";
import type { StorageDriver } from "../../src/contract/driver.ts";
import { StorageError } from "../../src/errors/storage-error.ts";
import { drained, fakeDriver } from "./fake-driver.ts";

const BYTES = [0, 1, 2, 253, 254, 255];

async function* chunksOf(...chunks: readonly (readonly number[])[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Uint8Array.from(chunk);
}

function webStream(...chunks: readonly (readonly number[])[]): ReadableStream<Uint8Array> {
  return new Response(new Blob(chunks.map((chunk) => Uint8Array.from(chunk)))).body ?? new ReadableStream();
}

/** What arrived at a driver that read the body to its end. */
async function received(body: PutBody, options = {}): Promise<{ bytes: number[]; source: BodySource }> {
  const seen: { bytes: number[]; source: BodySource }[] = [];
  const driver = fakeDriver({
    async put(key, source) {
      const bytes = await drained(source);
      seen.push({ bytes, source });
      return { key, size: bytes.length, etag: "e" };
    },
  });
  await providerFrom(driver).put("k", body, options);
  const [only] = seen;
  if (only === undefined) throw new Error("the driver was not called");
  return only;
}

const buffer = Uint8Array.from([9, 9, ...BYTES, 9, 9]).buffer;
const SHAPES: Readonly<Record<string, () => PutBody>> = {
  "a Uint8Array": () => Uint8Array.from(BYTES),
  "a view in the middle of a buffer": () => new Uint8Array(buffer, 2, 6),
  "a DataView": () => new DataView(buffer, 2, 6),
  "a Uint16Array": () => new Uint16Array(buffer, 2, 3),
  "an ArrayBuffer": () => Uint8Array.from(BYTES).buffer,
  "a Blob": () => new Blob([Uint8Array.from(BYTES)]),
  "a ReadableStream": () => webStream([0, 1], [2, 253], [254, 255]),
  "an async iterable with empty chunks": () => chunksOf([], [0], [], [1, 2, 253, 254, 255], []),
  "a function that opens a stream": () => () => webStream(BYTES),
  "a function that opens an iterable later": () => async () => chunksOf(BYTES),
};

describe("the body of a put", () => {
  test.each(Object.entries(SHAPES))("A05 A07 A08 %s arrives as exactly its bytes", async (_name, body) => {
    expect((await received(body())).bytes).toEqual(BYTES);
    expect((await received(body(), { contentLength: 6 })).source.length).toBe(6);
  });

  test("A09 a string arrives as UTF-8", async () => {
    expect((await received("ä🎉")).bytes).toEqual([...new TextEncoder().encode("ä🎉")]);
  });

  test("A10 A11 the bytes are the same however a stream is cut, for any cuts", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 }),
        fc.boolean(),
        async (chunks, known) => {
          const whole = chunks.flatMap((chunk) => [...chunk]);
          const options = known ? { contentLength: whole.length } : {};
          const { bytes } = await received(chunksOf(...chunks.map((chunk) => [...chunk])), options);
          expect(bytes).toEqual(whole);
        },
      ),
    );
  });

  test("streams that can be opened again say so, and others do not", async () => {
    const replayable = async (body: PutBody) => {
      const { source } = await received(body);
      return source.kind === "stream" && source.replayable;
    };
    expect(await replayable(new Blob(["x"]))).toBe(true);
    expect(await replayable(() => webStream(BYTES))).toBe(true);
    expect(await replayable(webStream(BYTES))).toBe(false);
    expect(await replayable(chunksOf(BYTES))).toBe(false);
  });

  test.each([null, 7, {}, [new Uint8Array(1)], new Map()])(
    "%s is no body, and the driver is not asked",
    async (body) => {
      const driver = fakeDriver();
      await expect(providerFrom(driver).put("k", body as unknown as PutBody)).rejects.toMatchObject({
        code: "InvalidArgument",
      });
      expect(driver.calls).toEqual([]);
    },
  );

  test("a stream that somebody else reads is refused before the driver is asked", async () => {
    const driver = fakeDriver();
    const body = webStream(BYTES);
    body.getReader();
    await expect(providerFrom(driver).put("k", body)).rejects.toThrow("somebody else reads");
    expect(driver.calls).toEqual([]);
  });

  test("a stream of text is refused with the name of its type", async () => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue("text"),
    });
    await expect(providerFrom(fakeDriver()).put("k", body)).rejects.toMatchObject({
      code: "InvalidArgument",
      message: expect.stringContaining("chunk of type string"),
    });
  });
});

describe("a body of another length than announced", () => {
  test("A20 a shorter stream fails with IncompleteBody", async () => {
    await expect(providerFrom(fakeDriver()).put("k", chunksOf([1, 2]), { contentLength: 3 })).rejects.toMatchObject({
      code: "IncompleteBody",
      message: expect.stringContaining("ended after 2 bytes"),
    });
  });

  test("A19 a longer stream never hands out the announced length, so a driver that stops there stores nothing", async () => {
    let handedOut = 0;
    const driver = fakeDriver({
      async put(key, source) {
        if (source.kind === "bytes") throw new Error("expected a stream");
        for await (const chunk of source.open()) {
          handedOut += chunk.byteLength;
          if (handedOut === source.length) break;
        }
        return { key, size: handedOut, etag: "e" };
      },
    });
    await expect(providerFrom(driver).put("k", chunksOf([1], [2], [3]), { contentLength: 2 })).rejects.toMatchObject({
      code: "IncompleteBody",
    });
    expect(handedOut).toBe(1);
  });

  test("A19 A20 a stream of any other length than announced fails, wherever it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 6 }),
        fc.nat(30),
        async (chunks, contentLength) => {
          const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
          const put = providerFrom(fakeDriver()).put("k", chunksOf(...chunks.map((chunk) => [...chunk])), {
            contentLength,
          });
          const outcome = await put.then(
            ({ size }) => size,
            (error: StorageError) => error.code,
          );
          expect(outcome).toBe(length === contentLength ? length : "IncompleteBody");
        },
      ),
    );
  });

  test("bytes and Blobs are refused before the driver is asked", async () => {
    const driver = fakeDriver();
    for (const body of ["abc", new Uint8Array(3), new Blob(["abc"])]) {
      await expect(providerFrom(driver).put("k", body, { contentLength: 4 })).rejects.toMatchObject({
        code: "IncompleteBody",
      });
    }
    expect(driver.calls).toEqual([]);
  });

  test("a driver that stores what it had of a failed body is found out", async () => {
    const driver: StorageDriver = fakeDriver({
      async put(key, source) {
        await drained(source).catch(() => undefined);
        return { key, size: 1, etag: "e" };
      },
    });
    await expect(providerFrom(driver).put("k", chunksOf([1]), { contentLength: 9 })).rejects.toMatchObject({
      code: "IncompleteBody",
      applied: "unknown",
    });
  });

  test("larger than the largest object is TooLarge, announced or found while reading", async () => {
    const driver = fakeDriver({ capabilities: { maxObjectBytes: 3 } });
    await expect(providerFrom(driver).put("k", "abcd")).rejects.toMatchObject({ code: "TooLarge" });
    await expect(providerFrom(driver).put("k", chunksOf([1]), { contentLength: 4 })).rejects.toMatchObject({
      code: "TooLarge",
    });
    expect(driver.calls).toEqual([]);
    await expect(providerFrom(driver).put("k", chunksOf([1, 2], [3, 4]))).rejects.toMatchObject({ code: "TooLarge" });
  });
});

describe("a source that fails", () => {
  const boom = new Error("boom");
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield Uint8Array.of(1);
    throw boom;
  };

  test("A18 its own error is the cause, also when the driver's library wraps it", async () => {
    const driver = fakeDriver({
      async put(_key, source) {
        throw new TypeError("fetch failed", { cause: await drained(source).catch((error: unknown) => error) });
      },
    });
    await expect(providerFrom(driver).put("k", failing())).rejects.toMatchObject({
      code: "IncompleteBody",
      operation: "put",
      key: "k",
      cause: boom,
    });
  });

  test("what a source of this contract knows of trying again is kept", async () => {
    const body = () => {
      throw new StorageError("PermissionDenied", "the source is closed");
    };
    await expect(providerFrom(fakeDriver()).put("k", body)).rejects.toMatchObject({
      code: "IncompleteBody",
      persistence: "permanent",
    });
  });

  test("a function that opens no stream is told so", async () => {
    const body = (() => "text") as unknown as PutBody;
    await expect(providerFrom(fakeDriver()).put("k", body)).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining("gave no stream") }),
    });
  });
});

describe("the end of a source", () => {
  /** A source that says when it was closed. */
  function closable(): { body: AsyncIterable<Uint8Array>; closed: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const body = {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) yield Uint8Array.of(1);
        } finally {
          resolve();
        }
      },
    };
    return { body, closed: promise };
  }

  test("it is closed when the driver stops reading", async () => {
    const { body, closed } = closable();
    const driver = fakeDriver({
      async put(key, source) {
        if (source.kind === "stream") for await (const _ of source.open()) break;
        return { key, size: 1, etag: "e" };
      },
    });
    await providerFrom(driver).put("k", body);
    await expect(closed).resolves.toBeUndefined();
  });

  test("it is closed when the driver fails and forgets it", async () => {
    const { body, closed } = closable();
    const driver = fakeDriver({
      async put(_key, source) {
        if (source.kind === "stream") await source.open()[Symbol.asyncIterator]().next();
        throw new Error("connection lost");
      },
    });
    await expect(providerFrom(driver).put("k", body)).rejects.toMatchObject({ code: "Unknown" });
    await closed;
  });

  test("A22 a web stream is cancelled", async () => {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(Uint8Array.of(1)),
      cancel: () => void (cancelled = true),
    });
    await expect(providerFrom(fakeDriver()).put("k", body, { contentLength: 3 })).rejects.toMatchObject({
      code: "IncompleteBody",
    });
    expect(cancelled).toBe(true);
  });

  test("L02 an abort ends a put whose source has fallen silent, and leaves no listener", async () => {
    const controller = new AbortController();
    const { promise: reading, resolve: isReading } = Promise.withResolvers<void>();
    const body = {
      [Symbol.asyncIterator]: () => ({
        next() {
          isReading();
          return new Promise<never>(() => undefined);
        },
      }),
    };
    const put = providerFrom(fakeDriver()).put("k", body, { signal: controller.signal });
    await reading;
    const reason = new Error("the user left");
    controller.abort(reason);
    await expect(put).rejects.toMatchObject({ code: "Aborted", cause: reason });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("L05 a stream that was read to its end leaves no listener", async () => {
    const { signal } = new AbortController();
    await providerFrom(fakeDriver()).put("k", chunksOf([1], [2]), { signal, contentLength: 2 });
    await providerFrom(fakeDriver()).put("k", chunksOf([1], [2]), { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("onProgress", () => {
  async function progressOf(body: PutBody, put?: StorageDriver["put"]): Promise<number[]> {
    const sent: number[] = [];
    const driver = fakeDriver(put === undefined ? {} : { put });
    await providerFrom(driver).put("k", body, { onProgress: ({ sentBytes }) => sent.push(sentBytes) });
    return sent;
  }

  test("A30 grows with a stream, and ends at the size", async () => {
    expect(await progressOf(chunksOf([1, 2], [3]))).toEqual([0, 2, 3]);
  });

  test("A30 is told once of bytes, and of no bytes at all", async () => {
    expect(await progressOf("abc")).toEqual([3]);
    expect(await progressOf("")).toEqual([0]);
    expect(await progressOf(chunksOf())).toEqual([0]);
  });

  test("A30 never goes back: not when a driver reads again, nor when it reports parts itself", async () => {
    const twice: StorageDriver["put"] = async (key, source, options) => {
      await drained(source);
      options.onProgress?.({ sentBytes: 1, totalBytes: 3 });
      await drained(source);
      return { key, size: 3, etag: "e" };
    };
    expect(await progressOf(() => chunksOf([1, 2], [3]), twice)).toEqual([0, 2, 3]);
  });
});
