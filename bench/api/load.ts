import { Pool } from "undici";
import type { ObjectServer } from "./contestants.ts";

export interface Load {
  readonly requestsPerSecond: number;
  /** Of a request from its begin to the last byte of its answer. */
  readonly p99Ms: number;
  /** CPU time of the server's process for a request, in microseconds. */
  readonly cpuMicroseconds: number;
}

export interface LoadOptions {
  readonly kind: "upload" | "download";
  readonly sizeBytes: number;
  readonly requests: number;
  readonly atOnce: number;
  /** So many names are used in turn; "new": each is used once. */
  readonly names: number | "new";
}

/** Of names that are used once. */
let serial = 0;

/** Sends requests, so many at once over connections that stay. @throws Error for an answer that is no success */
export async function load(server: ObjectServer, options: LoadOptions): Promise<Load> {
  const { kind, sizeBytes, requests, atOnce, names } = options;
  const body = Buffer.alloc(sizeBytes, 7);
  const pool = new Pool(new URL(server.url("")).origin, { connections: atOnce, bodyTimeout: 60_000 });
  const times: number[] = [];
  let next = 0;
  const one = async (number: number): Promise<void> => {
    const name = names === "new" ? `new-${serial++}` : number % names;
    const url = new URL(server.url(`object-${sizeBytes}-${name}.bin`));
    const begun = performance.now();
    const answer = await pool.request({
      path: url.pathname,
      method: kind === "upload" ? server.method : "GET",
      headers: { ...server.headers, ...(kind === "upload" ? { "content-type": "application/octet-stream" } : {}) },
      body: kind === "upload" ? body : null,
    });
    let received = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) received += chunk.byteLength;
    if (answer.statusCode >= 300 || (kind === "download" && received !== sizeBytes)) {
      throw new Error(`${server.name} answered ${answer.statusCode} with ${received} bytes to a ${kind}.`);
    }
    times.push(performance.now() - begun);
  };
  const worker = async (): Promise<void> => {
    while (next < requests) await one(next++);
  };
  const cpuBefore = server.cpuMs();
  const begun = performance.now();
  await Promise.all(Array.from({ length: atOnce }, worker));
  const seconds = (performance.now() - begun) / 1000;
  const cpuMicroseconds = ((server.cpuMs() - cpuBefore) * 1000) / requests;
  await pool.close();
  const sorted = times.toSorted((a, b) => a - b);
  return {
    requestsPerSecond: requests / seconds,
    cpuMicroseconds,
    p99Ms: sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.99) - 1)] ?? Number.NaN,
  };
}
