import type { Readable } from "node:stream";
import { Pool, type Dispatcher } from "undici";
import type { S3Config } from "./s3-config.ts";
import type { Lane, LaneBody } from "./s3-lane.ts";
import { oneValueEach } from "./one-value-each.ts";
import { sendInto } from "./send-into.ts";
import { sigV4 } from "./sigv4.ts";

/** More than this is not read only to keep a connection. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 1000;
/** Shorter than services keep an idle connection, so that no request meets one that is just being closed. */
const IDLE_MS = 10_000;

/** The lean lane: our own signer and one pool of kept-alive connections. It costs an eighth of the SDK's CPU per request. */
export function undiciLane(config: S3Config): Lane {
  const signer = sigV4(config.region);
  const pool = new Pool(config.address.origin, {
    connections: config.connections,
    pipelining: 1,
    connect: { timeout: config.connectTimeoutMs },
    headersTimeout: config.headersTimeoutMs,
    bodyTimeout: config.bodyTimeoutMs,
    keepAliveTimeout: IDLE_MS,
  });

  return {
    async send(request, credentials, timeMs) {
      const { method, path, query, body, signal, headersTimeoutMs, into } = request;
      const signed = {
        method: method as Dispatcher.HttpMethod,
        path: query === "" ? path : `${path}?${query}`,
        headers: signer.sign(request, request.payloadSha256, credentials, timeMs),
      };
      if (into !== undefined) {
        return sendInto(pool, { ...signed, headersTimeout: headersTimeoutMs }, into, signal);
      }
      const answer = await pool.request({
        ...signed,
        // It takes any async iterable, though its types name only one kind of them.
        body: (body ?? null) as Readable | Uint8Array | null,
        signal: signal ?? null,
        headersTimeout: headersTimeoutMs,
        // Else it would close the connection after every HEAD.
        reset: false,
      });
      const headers = oneValueEach(answer.headers);
      return {
        status: answer.statusCode,
        headers,
        // The length in the answer to a HEAD is that of a body which does not come.
        body: laneBody(answer.body, method === "HEAD" ? "0" : headers["content-length"]),
      };
    },
    async close() {
      // Ends what is still under way, also a body that nobody reads.
      await pool.destroy();
    },
  };
}

function laneBody(body: Dispatcher.ResponseData["body"], length: string | undefined): LaneBody {
  let isRead = false;
  // A body that is given up ends with an error event, which is ours to expect.
  body.on("error", () => undefined);
  return {
    [Symbol.asyncIterator]() {
      isRead = true;
      return body[Symbol.asyncIterator]();
    },
    bytes() {
      isRead = true;
      return body.bytes();
    },
    async discard() {
      if (body.destroyed) return;
      // Nothing comes that one would have to wait for; most answers to writes are like this.
      if (length === "0" && !isRead) body.resume();
      else if (isRead || Number(length ?? Infinity) > DISCARD_BYTES) body.destroy();
      // Whoever gives a body up shall not have to wait for a service that has gone silent.
      else await body.dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(DISCARD_MS) }).catch(() => undefined);
    },
  };
}
