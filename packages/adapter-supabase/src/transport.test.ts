import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { inspect } from "node:util";
import { StorageError } from "@bucketferry/storage-core";
import { afterEach, describe, expect, it } from "vitest";
import { resolveOptions, type SupabaseOptions } from "./supabase-options.ts";
import { discard, transportFor, type Transport } from "./transport.ts";

const KEY = "sb_secret_nobody_may_see_this";
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function served(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<SupabaseOptions> = {},
): Promise<{ transport: Transport; origin: string }> {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return transportTo((server.address() as AddressInfo).port, options);
}

function transportTo(port: number, options: Partial<SupabaseOptions> = {}): { transport: Transport; origin: string } {
  const origin = `http://127.0.0.1:${port}`;
  const transport = transportFor(
    { origin, basePath: "/storage/v1" },
    resolveOptions({ url: origin, key: KEY, bucket: "b", ...options }),
  );
  closers.push(() => transport.close());
  return { transport, origin };
}

describe("the transport", () => {
  it("B18 sends a path byte for byte, also dots, doubled slashes and escapes", async () => {
    const paths: (string | undefined)[] = [];
    const { transport } = await served((request, response) => {
      paths.push(request.url);
      response.end();
    });
    const path = "/object/b//a/../%2e%2e/%3F%23%2B/x'(y)!*/";
    await transport.done({ method: "GET", path });
    expect(paths).toEqual([`/storage/v1${path}`]);
  });

  it("S7 asks for stored bytes, and gives the key to service and gateway", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const { transport } = await served((request, response) => {
      seen.push(request.headers);
      response.end();
    });
    await transport.done({ method: "GET", path: "/x" });
    expect(seen[0]).toMatchObject({ "accept-encoding": "identity", authorization: `Bearer ${KEY}`, apikey: KEY });
  });

  it("follows no redirect, so the key goes to no other host", async () => {
    let elsewhere = 0;
    const other = await served((_, response) => {
      elsewhere += 1;
      response.end();
    });
    const { transport } = await served((_, response) =>
      response.writeHead(307, { location: `${other.origin}/x` }).end(),
    );
    await expect(transport.done({ method: "GET", path: "/x" })).rejects.toMatchObject({ status: 307 });
    expect(elsewhere).toBe(0);
  });

  it("M08 shows neither key nor signature in an error, however it is printed", async () => {
    const { transport } = await served((request, response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ statusCode: "400", error: "x", message: `no: ${request.headers.authorization ?? ""}` }),
      );
    });
    const error: unknown = await transport.json({ method: "GET", path: "/x" }).catch((reason: unknown) => reason);
    expect(inspect(error, { depth: 9 })).not.toContain(KEY);
  });

  it.each([
    [
      "an error of the service in an answer of 200",
      JSON.stringify({ statusCode: "404", error: "x", message: "y", code: "NoSuchKey" }),
    ],
    ["a page of HTML", "<html></html>"],
    ["nothing", ""],
    ["half a JSON", '{"a'],
  ])("I11 M07 takes %s for a failure", async (_, body) => {
    const { transport } = await served((__, response) => response.end(body));
    await expect(transport.json({ method: "GET", path: "/x" })).rejects.toMatchObject({ name: "AnswerError" });
  });

  it("passes on what the request's own body threw, as it was thrown", async () => {
    const { transport } = await served((request) => void request.resume());
    const reason = new StorageError("IncompleteBody", "the source broke");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw reason;
    }
    const sent = transport.json({ method: "POST", path: "/x", headers: { "content-length": "20" }, body: failing() });
    await expect(sent).rejects.toBe(reason);
  });

  it("L02 ends an aborted request at once, also one that still waits for a connection", async () => {
    const open: ServerResponse[] = [];
    const { transport } = await served((_, response) => void open.push(response), { connections: 1 });
    const first = transport.done({ method: "GET", path: "/first" });
    const controller = new AbortController();
    const second = transport.done({ method: "GET", path: "/second", signal: controller.signal });
    const reason = new Error("not any more");
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    await expect.poll(() => open.length).toBe(1);
    open[0]?.end();
    await expect(first).resolves.toBeDefined();
  });

  it("L06 gives up on a server that never answers", async () => {
    const { transport } = await served(() => undefined, { headersTimeoutMs: 50 });
    await expect(transport.done({ method: "GET", path: "/x" })).rejects.toMatchObject({
      code: "UND_ERR_HEADERS_TIMEOUT",
    });
  });

  it("does not send a second time what was cut off", async () => {
    let connections = 0;
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      connections += 1;
      sockets.push(socket);
      socket.once("data", () => socket.resetAndDestroy());
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(() => server.close());
    const { transport } = transportTo((server.address() as AddressInfo).port);
    const sent = transport.done({ method: "GET", path: "/x" });
    await expect(sent).rejects.toMatchObject({ name: "ConnectionError", stage: "request" });
    expect(connections).toBe(1);
  });

  it("A22 gives the connection of a discarded answer back, long or short", async () => {
    const { transport } = await served(
      (request, response) => response.end(Buffer.alloc(request.url?.endsWith("long") ? 10_000_000 : 10)),
      {
        connections: 1,
      },
    );
    for (const path of ["/long", "/short", "/long", "/short"])
      await discard(await transport.send({ method: "GET", path }));
    await expect(transport.done({ method: "GET", path: "/short" })).resolves.toBeDefined();
  });
});
