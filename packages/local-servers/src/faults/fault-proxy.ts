import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { FaultControl, SeenRequest } from "@bucketferry/storage-core/conformance";
import { LOOPBACK, type LocalServer } from "../local-server.ts";
import { byteSource } from "./byte-source.ts";
import { exchange, type Outcome, type Peer } from "./exchange.ts";
import { faultRules, fits } from "./fault-rules.ts";
import { type Head, readHead } from "./http-head.ts";
import { type PlacedFault, randomFaults, type RandomFaults, type RandomFaultsOptions } from "./random-faults.ts";

export interface FaultProxyOptions {
  /** Base URL of the service: `http://HOST:PORT`. */
  readonly target: string;
  /** Default: 0, a free one. */
  readonly port?: number | undefined;
  /** Faults by chance, for the requests that no rule of `faults` strikes. */
  readonly random?: RandomFaultsOptions | undefined;
  /** Told of every request when its head has come, and before anything happens to it. */
  readonly onRequest?: ((request: SeenRequest) => void) | undefined;
}

export interface FaultProxy extends LocalServer {
  /** What happens to which requests, and which have been seen. */
  readonly faults: FaultControl;
  /** How many requests came so far. */
  requests(): number;
  /** How many requests suffered which fault by chance. */
  struck(): ReturnType<RandomFaults["struck"]>;
}

/** A connection to the service that was not used for longer may already be closed at its other end. */
const REUSE_WITHIN_MS = 1000;

/**
 * Stands between a client and an HTTP/1.1 service and breaks what it is told to break. Everything else passes byte for
 * byte, the Host header too: a signature that covers it stays valid, since the client has signed the proxy's address.
 * Bodies flow through in both directions and are never held.
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const target = new URL(options.target);
  if (target.protocol !== "http:" || target.pathname !== "/") {
    throw new Error(`target: must be http://HOST:PORT without a path, but is ${options.target}.`);
  }
  const address = { host: target.hostname, port: Number(target.port === "" ? 80 : target.port), noDelay: true };
  const rules = faultRules();
  const chance = randomFaults(options.random ?? { seed: "", faults: [] }, fits);
  const connections = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    connections.add(socket);
    socket.once("close", () => connections.delete(socket));
    void serveConnection(socket, address, (request) => {
      options.onRequest?.(request);
      return rules.take(request) ?? chance.take(request);
    });
  });
  server.listen(options.port ?? 0, LOOPBACK);
  await once(server, "listening");
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("A server on TCP has an address with a port.");

  return {
    url: `http://${LOOPBACK}:${bound.port}`,
    port: bound.port,
    faults: rules,
    requests: () => rules.total(),
    struck: () => chance.struck(),
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

async function serveConnection(
  socket: Socket,
  address: { readonly host: string; readonly port: number; readonly noDelay: boolean },
  faultOf: (request: SeenRequest) => PlacedFault | undefined,
): Promise<void> {
  const client: Peer = { socket, source: byteSource(socket) };
  const gone = new AbortController();
  let service: (Peer & { usedAt: number }) | undefined;
  // Errors show as the end of reading and writing.
  socket.on("error", () => {});
  socket.once("close", () => {
    service?.socket.destroy();
    gone.abort();
  });

  const connectService = async (): Promise<Peer> => {
    const fresh = service !== undefined && performance.now() - service.usedAt < REUSE_WITHIN_MS;
    if (service !== undefined && fresh && service.socket.readyState === "open") return service;
    service?.socket.destroy();
    const opened = connect(address);
    service = { socket: opened, source: byteSource(opened), usedAt: 0 };
    await once(opened, "connect");
    opened.on("error", () => {});
    if (socket.destroyed) opened.destroy();
    return service;
  };

  let outcome: Outcome = "keepAlive";
  while (outcome === "keepAlive") {
    const request = await readHead(client.source);
    if (request === undefined) break;
    try {
      outcome = await exchange({
        client,
        connect: connectService,
        ...describe(request, faultOf),
        request,
        signal: gone.signal,
      });
    } catch {
      // The service is not there, or one side broke off in mid-body: the other one learns of it in the same way.
      outcome = "reset";
    }
    if (service !== undefined) service.usedAt = performance.now();
  }
  service?.socket.destroy();
  if (outcome === "reset") socket.resetAndDestroy();
  else socket.end(() => socket.destroy());
}

function describe(
  request: Head,
  faultOf: (request: SeenRequest) => PlacedFault | undefined,
): Pick<Parameters<typeof exchange>[0], "method" | "fault"> {
  const [method = "", target = ""] = request.startLine.split(" ");
  const mark = target.indexOf("?");
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) {
    const lower = name.toLowerCase();
    headers[lower] = headers[lower] === undefined ? value : `${headers[lower]}, ${value}`;
  }
  const fault = faultOf({
    method: method.toUpperCase(),
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? "" : target.slice(mark + 1),
    headers,
  });
  return { method, fault };
}
