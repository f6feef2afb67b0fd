import { Connection, type ConnectionLimits, type ConnectionOwner, type Exchange } from "./connection.ts";
import type { Http1Answer, Http1Request } from "./exchange.ts";
import { HttpError } from "./http-error.ts";
import type { Origin } from "./open-socket.ts";

export interface Http1PoolOptions {
  /** Most connections at one time; further requests wait for one. */
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** How long the head of an answer may take after the last byte that went out. */
  readonly headersTimeoutMs: number;
  /** Longest silence within the body of an answer, while somebody reads it. */
  readonly bodyTimeoutMs: number;
  /** How long a connection that nobody uses is kept; less where the service says so (`keep-alive: timeout=`). */
  readonly idleTimeoutMs?: number;
}

/** Kept-alive connections to one origin. It follows no redirect, sends nothing twice, and takes any status for an answer. */
export interface Http1Pool {
  /**
   * Resolves with the head of the answer; its body has to be read or discarded. Rejects with the reason of the signal, an
   * `HttpError`, an error of Node's sockets, or what the request's own body threw.
   */
  send(request: Http1Request): Promise<Http1Answer>;
  /** Ends all connections, also those under way. */
  close(): void;
}

/** Shorter than services keep an idle connection, so that no request meets one that is just being closed. */
const IDLE_MS = 10_000;

/** `origin`: scheme, host and port of a URL. No connection is made before the first request. */
export function http1Pool(origin: string, options: Http1PoolOptions): Http1Pool {
  const limits: ConnectionLimits = { idleTimeoutMs: IDLE_MS, ...options };
  const address = originOf(origin);
  /** The one used last is taken first, so that the others grow old and are closed. */
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  /** Those that are about to be free: worth waiting for, rather than opening another one. */
  const resting = new Set<Connection>();
  /** With what takes it out of the queue again. */
  const waiting = new Map<Exchange, () => void>();
  let isClosed = false;

  const owner: ConnectionOwner = {
    tlsSession: undefined,
    onRest(connection) {
      resting.add(connection);
    },
    onFree(connection) {
      resting.delete(connection);
      const next = firstWaiting();
      if (next === undefined) idle.push(connection);
      else connection.run(next);
    },
    onGone(connection) {
      all.delete(connection);
      resting.delete(connection);
      const place = idle.indexOf(connection);
      if (place !== -1) idle.splice(place, 1);
      const next = firstWaiting();
      if (next !== undefined) open().run(next);
    },
  };

  function firstWaiting(): Exchange | undefined {
    const [first] = waiting;
    if (first === undefined) return undefined;
    const [exchange, leave] = first;
    leave();
    return exchange;
  }

  function open(): Connection {
    const connection = new Connection(address, limits, owner);
    all.add(connection);
    return connection;
  }

  /** What is given up while it waits is as if it had never been. */
  function wait(exchange: Exchange): void {
    const { signal } = exchange.request;
    const leave = (): void => {
      waiting.delete(exchange);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      leave();
      exchange.reject(signal?.reason);
    };
    waiting.set(exchange, leave);
    signal?.addEventListener("abort", onAbort);
  }

  return {
    send(request) {
      return new Promise((resolve, reject) => {
        const { signal } = request;
        if (signal?.aborted === true) reject(signal.reason as Error);
        else if (isClosed) reject(new HttpError("HTTP_CLOSED", "the connections were closed"));
        else {
          const exchange: Exchange = { request, resolve, reject };
          const free = idle.pop();
          if (free !== undefined) free.run(exchange);
          else if (all.size < options.connections && waiting.size >= resting.size) open().run(exchange);
          else wait(exchange);
        }
      });
    },
    close() {
      isClosed = true;
      const closed = new HttpError("HTTP_CLOSED", "the connections were closed");
      for (const [exchange, leave] of waiting) {
        leave();
        exchange.reject(closed);
      }
      for (const connection of all) connection.destroy();
    },
  };
}

function originOf(origin: string): Origin {
  const { protocol, hostname, port } = new URL(origin);
  if (protocol !== "http:" && protocol !== "https:") {
    throw new HttpError("HTTP_INVALID_REQUEST", `${protocol} is no scheme of HTTP`);
  }
  const isTls = protocol === "https:";
  return {
    protocol,
    hostname: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (isTls ? 443 : 80) : Number(port),
  };
}
