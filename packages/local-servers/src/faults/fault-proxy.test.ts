import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { faultProxy, type FaultProxy } from "./fault-proxy.ts";

/** Answers with what it was asked, and remembers what it has got. */
interface Origin {
  readonly server: Server;
  readonly url: string;
  readonly got: { readonly target: string; readonly host: string; readonly body: string; readonly complete: boolean }[];
}

const BODY = "0123456789".repeat(100);
let origin: Origin;
let proxy: FaultProxy;

async function startOrigin(): Promise<Origin> {
  const got: { target: string; host: string; body: string; complete: boolean }[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    const note = (complete: boolean): void => {
      got.push({
        target: request.url ?? "",
        host: request.headers.host ?? "",
        body: Buffer.concat(chunks).toString(),
        complete,
      });
    };
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("aborted", () => note(false));
    request.on("end", () => {
      note(true);
      response.setHeader("etag", '"x"');
      if (request.url?.includes("chunked") === true) {
        response.write(BODY.slice(0, 500));
        response.end(BODY.slice(500));
      } else {
        response.setHeader("content-length", String(BODY.length));
        response.end(BODY);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, got };
}

beforeEach(async () => {
  origin = await startOrigin();
  proxy = await faultProxy({ target: origin.url });
});
afterEach(async () => {
  await proxy.close();
  origin.server.closeAllConnections();
  origin.server.close();
});

const get = (path = "/x"): Promise<Response> => fetch(`${proxy.url}${path}`);
function send(method: string, path: string, body: ReadableStream<Uint8Array>): Promise<Response> {
  const init = { method, body, duplex: "half" };
  return fetch(`${proxy.url}${path}`, init);
}
const all = { match: {}, times: Infinity } as const;

/** What comes back on a raw connection until it ends; `reset` when it was reset. */
async function raw(request: string): Promise<string> {
  const socket = connect(proxy.port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(request);
  const end = await new Promise<"" | "reset">((resolve) => {
    socket.once("end", () => resolve(""));
    socket.once("error", () => resolve("reset"));
  });
  socket.destroy();
  return Buffer.concat(chunks).toString() + end;
}

it("passes targets, hosts and bodies byte for byte, on one connection after another", async () => {
  const answer = await raw(
    "PUT /b/../a//b%2F%41?x=%20&y HTTP/1.1\r\nHost: signed.example:1\r\nContent-Length: 4\r\n\r\nbody" +
      "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
  );
  expect(origin.got.map(({ target, host, body }) => ({ target, host, body }))).toEqual([
    { target: "/b/../a//b%2F%41?x=%20&y", host: "signed.example:1", body: "body" },
    { target: "/next", host: "h", body: "" },
  ]);
  expect(answer.split(BODY)).toHaveLength(3);
  expect(proxy.requests()).toBe(2);
  expect(proxy.faults.seen()[0]).toMatchObject({ method: "PUT", path: "/b/../a//b%2F%41", query: "x=%20&y" });
});

it("passes chunked bodies in both directions", async () => {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("first "));
      controller.enqueue(new TextEncoder().encode("second"));
      controller.close();
    },
  });
  const response = await send("POST", "/chunked", body);
  expect(await response.text()).toBe(BODY);
  expect(origin.got[0]?.body).toBe("first second");
});

it("answers by itself, as often as it was told, after letting some pass", async () => {
  proxy.faults.inject({
    match: { method: "GET", path: "/x" },
    after: 1,
    times: 2,
    fault: { kind: "answer", status: 503, headers: { "retry-after": "7" }, body: "busy" },
  });
  const statuses: number[] = [];
  for (let index = 0; index < 4; index += 1) statuses.push((await get()).status);
  expect(statuses).toEqual([200, 503, 503, 200]);
  expect(origin.got).toHaveLength(2);
  expect(proxy.faults.seen()).toHaveLength(4);
  proxy.faults.clear();
  expect(proxy.faults.seen()).toHaveLength(0);
  expect(proxy.requests()).toBe(4);
});

it("harms only what matches in method, path and query", async () => {
  proxy.faults.inject({
    match: { method: "GET", path: "/x", query: "part=" },
    times: Infinity,
    fault: { kind: "answer", status: 500 },
  });
  expect((await get("/x?part=1")).status).toBe(500);
  expect((await get("/x?other")).status).toBe(200);
  expect((await get("/part=?y")).status).toBe(200);
  expect((await fetch(`${proxy.url}/x?part=1`, { method: "POST" })).status).toBe(200);
});

it("delays", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "delay", ms: 60 } });
  const started = performance.now();
  expect((await get()).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
});

it("holds a request back until it is told to let it go, or the client leaves", async () => {
  const gate = Promise.withResolvers<void>();
  const never = new Promise(() => undefined);
  proxy.faults.inject({ match: { path: "/held" }, times: 1, fault: { kind: "hold", until: gate.promise } });
  proxy.faults.inject({ match: { path: "/left" }, times: 1, fault: { kind: "hold", until: never } });
  const leaving = new AbortController();
  const left = fetch(`${proxy.url}/left`, { signal: leaving.signal });
  const held = get("/held");
  await expect.poll(() => proxy.faults.seen().length).toBe(2);
  expect((await fetch(`${origin.url}/meanwhile`)).status).toBe(200);
  leaving.abort();
  await expect(left).rejects.toThrow("aborted");
  gate.resolve();
  expect((await held).status).toBe(200);
  expect(origin.got.map(({ target }) => target)).toEqual(["/meanwhile", "/held"]);
});

it("resets before the service sees anything", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "reset", when: "beforeRequest" } });
  expect(await raw("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")).toBe("reset");
  expect(origin.got).toHaveLength(0);
});

it("resets in the middle of a request, so that the service sees half of it", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "reset", when: "duringRequest" } });
  const body = "x".repeat(100_000);
  expect(await raw(`PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`)).toBe("reset");
  await expect.poll(() => origin.got.length).toBe(1);
  expect(origin.got[0]?.complete).toBe(false);
});

it("resets once the service has done its work, without a word of the answer", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "reset", when: "afterRequest" } });
  expect(await raw("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")).toBe("reset");
  expect(origin.got[0]?.complete).toBe(true);
});

it("cuts the connection after the headers of the answer", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "reset", when: "afterHeaders" } });
  const answer = await raw("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(answer).toMatch(/content-length: 1000/i);
  expect(answer.endsWith("\r\n\r\n")).toBe(true);
});

for (const path of ["/x", "/chunked"]) {
  it(`truncates ${path} by cutting the connection, with the announced length unchanged`, async () => {
    proxy.faults.inject({ ...all, fault: { kind: "truncate", afterBytes: 123, end: "cut" } });
    const response = await get(path);
    expect(response.headers.get("content-length")).toBe(path === "/x" ? "1000" : null);
    await expect(response.text()).rejects.toThrow("terminated");
  });

  it(`truncates ${path} cleanly, with a length that fits`, async () => {
    proxy.faults.inject({ ...all, fault: { kind: "truncate", afterBytes: 123, end: "clean" } });
    expect(await (await get(path)).text()).toBe(BODY.slice(0, 123));
    proxy.faults.clear();
    expect(await (await get(path)).text()).toBe(BODY);
  });

  it(`sends more of ${path} than the service did`, async () => {
    proxy.faults.inject({ ...all, fault: { kind: "extraBytes", count: 5 } });
    expect(await (await get(path)).text()).toBe(`${BODY}xxxxx`);
  });

  it(`flips one bit of ${path}`, async () => {
    proxy.faults.inject({ ...all, fault: { kind: "flipBit", atByte: 711 } });
    const text = await (await get(path)).text();
    expect(text).toHaveLength(1000);
    expect(text.split("").flatMap((character, index) => (character === BODY[index] ? [] : [index]))).toEqual([711]);
  });

  it(`stalls ${path} after some bytes and leaves the connection open`, async () => {
    proxy.faults.inject({ ...all, fault: { kind: "stall", afterBytes: 100 } });
    const abort = new AbortController();
    const response = await fetch(`${proxy.url}${path}`, { signal: abort.signal });
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(100);
    const next = reader?.read();
    const first = await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 50, "still open"))]);
    expect(first).toBe("still open");
    abort.abort();
    await expect(next).rejects.toThrow("aborted");
  });

  for (const encoding of ["gzip", "br"] as const) {
    it(`compresses ${path} with ${encoding} and says so`, async () => {
      proxy.faults.inject({ ...all, fault: { kind: "encode", encoding } });
      const response = await get(path);
      expect(response.headers.get("content-encoding")).toBe(encoding);
      expect(response.headers.get("content-length")).toBeNull();
      expect(await response.text()).toBe(BODY);
    });
  }

  it(`breaks the compressed body of ${path} off where the service breaks off, and goes on serving`, async () => {
    proxy.faults.inject({ ...all, fault: { kind: "encode", encoding: "gzip" }, times: 1 });
    const [answer] = origin.server.listeners("request") as ((
      request: IncomingMessage,
      response: ServerResponse,
    ) => void)[];
    origin.server.removeAllListeners("request");
    origin.server.once("request", (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200, path.includes("chunked") ? {} : { "content-length": 1000 });
      response.write(BODY.slice(0, 500), () => response.destroy());
    });
    await expect(get(path).then((response) => response.text())).rejects.toThrow("terminated");
    if (answer !== undefined) origin.server.on("request", answer);
    expect(await (await get(path)).text()).toBe(BODY);
  });

  it(`rewrites status, headers and body of the answer to ${path}, after the service has worked`, async () => {
    proxy.faults.inject({
      ...all,
      fault: { kind: "rewrite", status: 404, headers: { ETag: null, "X-New": "1" }, body: "<Error/>" },
    });
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get("etag")).toBeNull();
    expect(response.headers.get("x-new")).toBe("1");
    expect(await response.text()).toBe("<Error/>");
    expect(origin.got).toHaveLength(1);
  });
}

it("rewrites a length so that the body is too short for it, and says so by closing", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "rewrite", headers: { "content-length": "1500" } } });
  const response = await get();
  expect(response.headers.get("content-length")).toBe("1500");
  await expect(response.text()).rejects.toThrow("terminated");
});

it("flips one bit of the request's body", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "flipRequestBit", atByte: 3 } });
  await fetch(`${proxy.url}/x`, { method: "PUT", body: "aaaaaa" });
  expect(origin.got[0]?.body).toBe("aaa`aa");
});

it("never answers, and the service never hears of it", async () => {
  proxy.faults.inject({ ...all, fault: { kind: "silence" } });
  const leaving = new AbortController();
  const asked = fetch(`${proxy.url}/x`, { method: "PUT", body: "aaaaaa", signal: leaving.signal });
  await expect.poll(() => proxy.faults.seen().length).toBe(1);
  expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 50, "no answer"))])).toBe("no answer");
  leaving.abort();
  await expect(asked).rejects.toThrow("aborted");
  expect(origin.got).toHaveLength(0);
});

it("tells the service when a client leaves while it waits for the answer", async () => {
  const leaving = new AbortController();
  const closed = new Promise((resolve) => {
    origin.server.removeAllListeners("request");
    origin.server.on("request", (request: IncomingMessage) => {
      request.socket.once("close", resolve);
      leaving.abort();
    });
  });
  await expect(fetch(`${proxy.url}/x`, { signal: leaving.signal })).rejects.toThrow("aborted");
  await closed;
});

it("ends a client's connection when the service is not there", async () => {
  origin.server.closeAllConnections();
  origin.server.close();
  expect(await raw("GET /x HTTP/1.1\r\nHost: h\r\n\r\n")).toBe("reset");
});

it("lets a body flow without holding it", async () => {
  const size = 256 * 1024 * 1024;
  origin.server.removeAllListeners("request");
  origin.server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    let received = 0;
    request.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    request.on("end", () => response.end(String(received)));
  });
  const chunk = new Uint8Array(1024 * 1024);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.length;
      controller.enqueue(chunk);
      if (sent === size) controller.close();
    },
  });
  const before = process.memoryUsage().rss;
  const response = await send("PUT", "/x", body);
  expect(await response.text()).toBe(String(size));
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
});

it("strikes by chance as often as it is told, at any place of a body, and the same requests for the same seed", async () => {
  const outcomesOf = async (seed: string) => {
    const random = {
      seed,
      faults: [
        { probability: 0.2, match: { path: "/x" }, fault: { kind: "answer", status: 503 } },
        {
          probability: 0.2,
          match: ({ path }: { readonly path: string }) => path === "/x",
          fault: { kind: "flipBit", atByte: "anywhere" },
        },
      ],
    } as const;
    const chancy = await faultProxy({ target: origin.url, random });
    const outcomes: string[] = [];
    const flippedAt = new Set<number>();
    for (let i = 0; i < 200; i++) {
      const response = await fetch(`${chancy.url}/x`);
      const text = await response.text();
      const flipped = Array.from(BODY).findIndex((letter, at) => letter !== text[at]);
      if (response.status === 200 && flipped >= 0) flippedAt.add(flipped);
      outcomes.push(response.status === 200 ? (flipped >= 0 ? "flipped" : "whole") : String(response.status));
      expect(await (await fetch(`${chancy.url}/other`)).text()).toBe(BODY);
    }
    const counts = Object.groupBy(outcomes, (outcome) => outcome);
    expect(chancy.struck()).toEqual({ answer: counts["503"]?.length, flipBit: counts["flipped"]?.length });
    await chancy.close();
    return { outcomes, counts, flippedAt };
  };
  const first = await outcomesOf("a");
  expect(first.counts["503"]?.length).toBeGreaterThan(20);
  expect(first.counts["503"]?.length).toBeLessThan(60);
  expect(first.counts["flipped"]?.length).toBeGreaterThan(15);
  expect(first.flippedAt.size).toBeGreaterThan(10);
  expect((await outcomesOf("a")).outcomes).toEqual(first.outcomes);
  expect((await outcomesOf("b")).outcomes).not.toEqual(first.outcomes);
});

it("strikes at the latest when it was told to, however small the chance, and counts from there again", async () => {
  const chancy = await faultProxy({
    target: origin.url,
    random: {
      seed: "a",
      faults: [{ probability: 0, atLatest: 3, match: { path: "/x" }, fault: { kind: "answer", status: 503 } }],
    },
  });
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) {
    statuses.push((await fetch(`${chancy.url}/x`)).status);
    expect((await fetch(`${chancy.url}/other`)).status).toBe(200);
  }
  expect(statuses).toEqual([200, 200, 503, 200, 200, 503, 200]);
  await chancy.close();
});
