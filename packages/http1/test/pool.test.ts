import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { http1Pool, type Http1Pool, type Http1PoolOptions, type Http1Request } from "../src/index.ts";

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Under {
  readonly pool: Http1Pool;
  readonly connections: () => number;
  readonly sockets: ReadonlySet<Socket>;
}

async function poolTo(server: Server, options: Partial<Http1PoolOptions>): Promise<Under> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const pool = http1Pool(`http://127.0.0.1:${port}`, {
    connections: 4,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 10_000,
    bodyTimeoutMs: 10_000,
    ...options,
  });
  closers.push(async () => {
    pool.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return { pool, connections: () => connections, sockets };
}

/** Node's own server: what answers are like in real life. */
function served(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: Partial<Http1PoolOptions> = {},
): Promise<Under> {
  return poolTo(
    createServer((request, response) => void handler(request, response)),
    options,
  );
}

/** A server that says just what the test wants. */
function scripted(talk: (socket: Socket) => void, options: Partial<Http1PoolOptions> = {}): Promise<Under> {
  return poolTo(createTcpServer(talk), options);
}

/** Answers each request, known by the end of its head, with the next of these. */
function saying(...answers: readonly (string | readonly string[])[]): (socket: Socket) => void {
  let next = 0;
  return (socket) => {
    socket.on("data", (data) => {
      if (!data.toString("latin1").endsWith("\r\n\r\n")) return;
      const answer = answers[next++] ?? "HTTP/1.1 500 none left\r\ncontent-length: 0\r\n\r\n";
      void (async () => {
        for (const piece of [answer].flat()) {
          socket.write(piece, "latin1");
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
    });
  };
}

const get = (target = "/", more: Partial<Http1Request> = {}): Http1Request => ({
  method: "GET",
  target,
  headers: { host: "h" },
  ...more,
});

const textOf = async (pool: Http1Pool, request: Http1Request): Promise<string> =>
  Buffer.from(await (await pool.send(request)).body.bytes()).toString("latin1");

describe("requests", () => {
  it("go out byte for byte: target, headers, body", async () => {
    const seen: unknown[] = [];
    const { pool } = await served(async (request, response) => {
      seen.push(request.method, request.url, request.rawHeaders, (await buffer(request)).toString());
      response.end();
    });
    const headers = { host: "h", "X-Mixed": "Case" };
    const sent = await pool.send({ method: "PUT", target: "/a//../%2e?b", headers, body: Buffer.from("hello") });
    await sent.body.discard();
    expect(seen).toEqual(["PUT", "/a//../%2e?b", ["host", "h", "X-Mixed", "Case", "content-length", "5"], "hello"]);
  });

  it.each([
    ["no bytes", 0],
    ["a few", 10],
    ["as much as goes with the head", 64 * 1024],
    ["one more than that", 64 * 1024 + 1],
    ["much", 5_000_000],
  ])("A01 carry bytes of any number: %s", async (_, size) => {
    const { pool } = await served(async (request, response) => response.end(await buffer(request)));
    const body = Buffer.alloc(size, "abcdefg");
    const answer = await pool.send({ method: "PUT", target: "/", headers: { host: "h" }, body });
    expect(Buffer.from(await answer.body.bytes()).equals(body)).toBe(true);
  });

  it.each([
    ["with its length", { host: "h", "content-length": "600000" }],
    ["in chunks", { host: "h" }],
  ])("carry a stream %s", async (_, headers) => {
    const { pool, connections } = await served(async (request, response) => response.end(await buffer(request)));
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 6; i++) {
        yield new Uint8Array(0);
        yield new Uint8Array(100_000).fill(i);
      }
    }
    for (let round = 0; round < 2; round++) {
      const answer = await pool.send({ method: "PUT", target: "/", headers, body: body() });
      const bytes = await answer.body.bytes();
      expect([bytes.byteLength, bytes[0], bytes[599_999]]).toEqual([600_000, 0, 5]);
    }
    expect(connections()).toBe(1);
  });

  it.each([
    ["longer", 15],
    ["shorter", 5],
  ])("of a stream that is %s than its length fail, and so does their connection", async (how, size) => {
    const { pool, sockets } = await served((request) => void request.resume());
    async function* body(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(size);
    }
    const headers = { host: "h", "content-length": "10" };
    const sent = pool.send({ method: "PUT", target: "/", headers, body: body() });
    await expect(sent).rejects.toMatchObject({
      code: "HTTP_REQUEST_LENGTH",
      message: expect.stringContaining(how) as string,
    });
    await expect.poll(() => sockets.size).toBe(0);
  });

  it("end with what their own body throws, as it was thrown", async () => {
    const { pool } = await served((request) => void request.resume());
    const reason = new Error("the source broke");
    async function* body(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw reason;
    }
    await expect(pool.send({ method: "PUT", target: "/", headers: { host: "h" }, body: body() })).rejects.toBe(reason);
  });

  it("that are refused before anything is sent leave the connection as it was", async () => {
    const { pool, connections } = await served((_, response) => response.end("ok"));
    await textOf(pool, get());
    await expect(pool.send(get("/a b"))).rejects.toMatchObject({ code: "HTTP_INVALID_REQUEST" });
    expect(await textOf(pool, get())).toBe("ok");
    expect(connections()).toBe(1);
  });

  it("are answered although the service does not read their whole body, which is closed then", async () => {
    let closed = false;
    const { pool, connections } = await scripted((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"));
      socket.pause();
      socket.resume();
    });
    async function* body(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield new Uint8Array(64 * 1024);
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        closed = true;
      }
    }
    const answer = await pool.send({ method: "PUT", target: "/", headers: { host: "h" }, body: body() });
    expect(answer.status).toBe(403);
    expect(Buffer.from(await answer.body.bytes()).toString()).toBe("no");
    await expect.poll(() => closed).toBe(true);
    // What follows cannot go where half a body went.
    pool.send(get()).catch(() => undefined);
    await expect.poll(connections).toBe(2);
  });
});

describe("answers", () => {
  it.each(["cut anywhere", "at once"])("are the same, whether they come %s", async (how) => {
    const wire =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nETag: "a"\r\nTransfer-Encoding: chunked\r\n\r\n' +
      "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    const { pool, connections } = await scripted(
      saying(how === "at once" ? wire : wire.split(""), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx"),
    );
    const answer = await pool.send(get());
    expect(answer.headers["etag"]).toBe('"a"');
    expect(Buffer.from(await answer.body.bytes()).toString()).toBe("hello world");
    expect(await textOf(pool, get())).toBe("x");
    expect(connections()).toBe(1);
  });

  it("keep values in UTF-8, and those of old services in Latin-1", async () => {
    const utf8 = Buffer.from(
      "HTTP/1.1 200 OK\r\nx-amz-meta-n: Gr\u00fc\u00dfe \u2713\r\ncontent-length: 0\r\n\r\n",
      "utf8",
    );
    const { pool } = await scripted(
      saying(utf8.toString("latin1"), "HTTP/1.1 200 OK\r\nx-amz-meta-n: Gr\u00fc\u00dfe\r\ncontent-length: 0\r\n\r\n"),
    );
    expect((await pool.send(get())).headers["x-amz-meta-n"]).toBe("Gr\u00fc\u00dfe \u2713");
    expect((await pool.send(get())).headers["x-amz-meta-n"]).toBe("Gr\u00fc\u00dfe");
  });

  it("without a body leave the connection free: HEAD, 204, 304, a length of 0", async () => {
    const { pool, connections } = await scripted(
      saying(
        "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
      ),
    );
    const statuses: number[] = [];
    for (const method of ["HEAD", "DELETE", "GET", "PUT"]) {
      const answer = await pool.send({ ...get(), method });
      statuses.push(answer.status);
      expect((await answer.body.bytes()).byteLength).toBe(0);
    }
    expect(statuses).toEqual([200, 204, 304, 200]);
    expect(connections()).toBe(1);
  });

  it("without a length end with their connection", async () => {
    const { pool, connections } = await scripted((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\n\r\nall there is"));
    });
    expect(await textOf(pool, get())).toBe("all there is");
    expect(await textOf(pool, get())).toBe("all there is");
    expect(connections()).toBe(2);
  });

  it.each([
    ["in the middle of the head", "HTTP/1.1 200 OK\r\ncont"],
    ["before anything", ""],
  ])("S9 that end %s fail the request", async (_, wire) => {
    const { pool } = await scripted((socket) => void socket.once("data", () => socket.end(wire)));
    await expect(pool.send(get())).rejects.toMatchObject({ code: "HTTP_CUT" });
  });

  it.each([
    ["its length", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"],
    ["its chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\nhalf"],
    ["its last chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
  ])("S9 S10 a body that ends before %s fails its reader", async (_, wire) => {
    const { pool } = await scripted((socket) => void socket.once("data", () => socket.end(wire)));
    const whole = await pool.send(get());
    await expect(whole.body.bytes()).rejects.toMatchObject({ code: "HTTP_CUT" });
    const pieces = await pool.send(get());
    await expect(Array.fromAsync(pieces.body)).rejects.toMatchObject({ code: "HTTP_CUT" });
    const into = await pool.send(get("/", { into: new Uint8Array(10) }));
    await expect(into.body.bytes()).rejects.toMatchObject({ code: "HTTP_CUT" });
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ["a head without end", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`],
    ["chunks that are none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno\r\n"],
  ])("that are %s fail the request and end the connection", async (_, wire) => {
    const { pool, sockets } = await scripted((socket) => void socket.once("data", () => socket.write(wire)));
    const read = async (): Promise<unknown> => (await pool.send(get())).body.bytes();
    await expect(read()).rejects.toMatchObject({ code: "HTTP_BAD_ANSWER" });
    await expect.poll(() => sockets.size).toBe(0);
  });

  it("are never taken for those of the next request: bytes too many end the connection", async () => {
    const smuggled = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    const { pool, connections } = await scripted(
      saying(
        `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${smuggled}`,
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood",
      ),
    );
    expect(await textOf(pool, get())).toBe("ok");
    expect(await textOf(pool, get())).toBe("good");
    expect(connections()).toBe(2);
  });

  it("go into the caller's memory, and not beyond it", async () => {
    const { pool } = await served((_, response) => response.end(Buffer.alloc(1_000_000, 7)));
    const memory = new Uint8Array(1_000_000);
    const answer = await pool.send(get("/", { into: memory }));
    const bytes = await answer.body.bytes();
    expect(bytes.buffer).toBe(memory.buffer);
    expect(memory.every((byte) => byte === 7)).toBe(true);
    const small = await pool.send(get("/", { into: new Uint8Array(999_999) }));
    await expect(small.body.bytes()).rejects.toMatchObject({ code: "HTTP_ANSWER_TOO_LONG" });
  });

  it("that refuse do not go into the memory for the body", async () => {
    const memory = new Uint8Array(3);
    const { pool } = await served((_, response) => response.writeHead(404).end("a long explanation"));
    const { body } = await pool.send(get("/", { into: memory }));
    expect(Buffer.from(await body.bytes()).toString()).toBe("a long explanation");
    expect([...memory]).toEqual([0, 0, 0]);
  });

  it("A15 hold a fast service back while nobody reads", async () => {
    let written = 0;
    const { pool } = await served((_, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(64 * 1024))) written += 64 * 1024;
        response.once("drain", more);
      };
      more();
    });
    const { body } = await pool.send(get());
    const iterator = body[Symbol.asyncIterator]();
    await iterator.next();
    // Until the buffers of both systems are full, nothing more can be written.
    await expect
      .poll(
        () => {
          const before = written;
          return new Promise((resolve) => setTimeout(() => resolve(written === before), 100));
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    expect(written).toBeLessThan(64 * 1024 * 1024);
    await iterator.return?.();
  });
});

describe("connections", () => {
  it("are used again, and never more than allowed", async () => {
    let atOnce = 0;
    let most = 0;
    const { pool, connections } = await served((_, response) => {
      most = Math.max(most, ++atOnce);
      setImmediate(() => {
        atOnce--;
        response.end("ok");
      });
    });
    const answers = await Promise.all(Array.from({ length: 100 }, () => textOf(pool, get())));
    expect(new Set(answers)).toEqual(new Set(["ok"]));
    expect(most).toBeLessThanOrEqual(4);
    expect(connections()).toBeLessThanOrEqual(4);
  });

  it("that a service closes after its answer are not used for the next request", async () => {
    const { pool, sockets, connections } = await scripted((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
    });
    for (let i = 0; i < 5; i++) {
      expect(await textOf(pool, get())).toBe("ok");
      await expect.poll(() => sockets.size).toBe(0);
    }
    expect(connections()).toBe(5);
  });

  it("are closed when the service says so, and when they were idle for as long as it keeps them", async () => {
    const { pool, sockets, connections } = await served((request, response) => {
      if (request.url === "/close") response.setHeader("connection", "close");
      if (request.url === "/short") response.setHeader("keep-alive", "timeout=1");
      response.end("ok");
    });
    await textOf(pool, get("/close"));
    await expect.poll(() => sockets.size).toBe(0);
    // A second, less the margin for the way back, is nothing: it is not kept at all.
    await textOf(pool, get("/short"));
    await expect.poll(() => sockets.size).toBe(0);
    expect(connections()).toBe(2);
  });

  it("that nobody uses are closed after a while", async () => {
    const { pool, sockets } = await served((_, response) => response.end("ok"), { idleTimeoutMs: 20 });
    await textOf(pool, get());
    await expect.poll(() => sockets.size).toBe(0);
    expect(await textOf(pool, get())).toBe("ok");
  });

  it("A22 are given back by an answer that is discarded, long or short", async () => {
    const { pool } = await served(
      (request, response) => response.end(Buffer.alloc(request.url === "/long" ? 10_000_000 : 10)),
      { connections: 1 },
    );
    for (const target of ["/long", "/short", "/long", "/short"]) await (await pool.send(get(target))).body.discard();
    expect((await textOf(pool, get("/short"))).length).toBe(10);
  });

  it("that were reset fail what is under way, once", async () => {
    const { pool, connections } = await scripted((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    await expect(pool.send(get())).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(connections()).toBe(1);
  });

  it("that cannot be had fail the request with the system's reason", async () => {
    const server = createTcpServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const pool = http1Pool(`http://127.0.0.1:${port}`, {
      connections: 1,
      connectTimeoutMs: 10_000,
      headersTimeoutMs: 10_000,
      bodyTimeoutMs: 10_000,
    });
    const failures = await Promise.allSettled([pool.send(get()), pool.send(get())]);
    expect(failures.map((one) => (one.status === "rejected" ? (one.reason as { code: string }).code : "ok"))).toEqual([
      "ECONNREFUSED",
      "ECONNREFUSED",
    ]);
    pool.close();
  });
});

describe("patience", () => {
  it("L06 ends with a service that does not answer", async () => {
    const { pool } = await served(() => undefined);
    await expect(pool.send(get("/", { headersTimeoutMs: 30 }))).rejects.toMatchObject({ code: "HTTP_HEADERS_TIMEOUT" });
  });

  it("L06 ends with a body that stands still", async () => {
    const { pool } = await served((_, response) => response.writeHead(200, { "content-length": "100" }).write("x"), {
      bodyTimeoutMs: 50,
    });
    await expect(textOf(pool, get())).rejects.toMatchObject({ code: "HTTP_BODY_TIMEOUT" });
  });

  it("does not end with a body that comes slowly", async () => {
    const bodyTimeoutMs = 2_000;
    const { pool } = await served(
      async (_, response) => {
        const begun = performance.now();
        while (performance.now() - begun < 1.25 * bodyTimeoutMs) {
          response.write("x");
          // A fraction of what is borne: a loaded machine may take many times as long.
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        response.end("y");
      },
      { bodyTimeoutMs },
    );
    expect(await textOf(pool, get())).toMatch(/^x+y$/);
  });

  it("does not end while the reader itself is slow", async () => {
    const bodyTimeoutMs = 1_000;
    const { pool } = await served((_, response) => response.end(Buffer.alloc(3_000_000, 1)), { bodyTimeoutMs });
    const { body } = await pool.send(get());
    let bytes = 0;
    for await (const piece of body) {
      if (bytes === 0) await new Promise((resolve) => setTimeout(resolve, 1.5 * bodyTimeoutMs));
      bytes += piece.byteLength;
    }
    expect(bytes).toBe(3_000_000);
  });

  it("does not end while a large body is on its way up", async () => {
    const headersTimeoutMs = 2_000;
    const { pool } = await served(
      async (request, response) => {
        const begun = performance.now();
        let bytes = 0;
        for await (const piece of request) {
          bytes += (piece as Buffer).byteLength;
          // Then at once: what the buffers of both systems hold is on its way without any progress that the client could see.
          const isSlow = performance.now() - begun < 1.25 * headersTimeoutMs;
          if (isSlow) await new Promise((resolve) => setTimeout(resolve, 5));
        }
        response.end(String(bytes));
      },
      { headersTimeoutMs },
    );
    const body = new Uint8Array(60_000_000);
    const answer = await pool.send({ method: "PUT", target: "/", headers: { host: "h" }, body });
    expect(Buffer.from(await answer.body.bytes()).toString()).toBe("60000000");
  });
});

describe("an abort", () => {
  const reason = new Error("not any more");

  it("before anything sends nothing", async () => {
    const { pool, connections } = await served((_, response) => response.end());
    await expect(pool.send(get("/", { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    expect(connections()).toBe(0);
  });

  it("L02 ends a request that waits for a connection, and leaves the others alone", async () => {
    const open: ServerResponse[] = [];
    const { pool } = await served((_, response) => void open.push(response), { connections: 1 });
    const first = textOf(pool, get("/first"));
    const controller = new AbortController();
    const second = pool.send(get("/second", { signal: controller.signal }));
    const third = textOf(pool, get("/third"));
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    await expect.poll(() => open.length).toBe(1);
    open[0]?.end("1");
    await expect(first).resolves.toBe("1");
    await expect.poll(() => open.length).toBe(2);
    open[1]?.end("3");
    await expect(third).resolves.toBe("3");
  });

  it("L02 ends a request that waits for its answer, and its connection", async () => {
    const { pool, sockets } = await served(() => undefined);
    const controller = new AbortController();
    const sent = pool.send(get("/", { signal: controller.signal }));
    await expect.poll(() => sockets.size).toBe(1);
    controller.abort(reason);
    await expect(sent).rejects.toBe(reason);
    await expect.poll(() => sockets.size).toBe(0);
  });

  it("L02 ends a body in the middle", async () => {
    const { pool, sockets } = await served((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
    });
    const controller = new AbortController();
    const { body } = await pool.send(get("/", { signal: controller.signal }));
    const read = body.bytes();
    controller.abort(reason);
    await expect(read).rejects.toBe(reason);
    await expect.poll(() => sockets.size).toBe(0);
  });

  it("after the end does nothing, and leaves no listener behind", async () => {
    const { pool, sockets } = await served((_, response) => response.end("ok"));
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    for (let i = 0; i < 10; i++) await textOf(pool, get("/", { signal }));
    expect(listeners).toBe(0);
    controller.abort(reason);
    expect(sockets.size).toBe(1);
  });

  it("of the whole pool ends what is under way and what waits", async () => {
    const { pool, sockets } = await served(() => undefined, { connections: 1 });
    const sent = [pool.send(get()), pool.send(get())];
    await expect.poll(() => sockets.size).toBe(1);
    pool.close();
    for (const one of sent) await expect(one).rejects.toMatchObject({ code: "HTTP_CLOSED" });
    await expect(pool.send(get())).rejects.toMatchObject({ code: "HTTP_CLOSED" });
    await expect.poll(() => sockets.size).toBe(0);
  });
});

it("a body whose last bytes were held back and that nobody reads does not keep the next answer from coming", async () => {
  const { pool, connections } = await served((_, response) => response.end(Buffer.alloc(128 * 1024 + 10)), {
    connections: 1,
  });
  const ask = { method: "GET", target: "/", headers: { host: "x" } };
  await pool.send({ ...ask, body: undefined });
  const second = await pool.send({ ...ask, body: undefined });
  expect((await second.body.bytes()).byteLength).toBe(128 * 1024 + 10);
  expect(connections()).toBe(1);
});
