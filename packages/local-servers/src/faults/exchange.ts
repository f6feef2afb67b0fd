import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { createBrotliCompress, createGzip } from "node:zlib";
import { writeTo } from "../write-to.ts";
import type { ByteSource } from "./byte-source.ts";
import { bodyContent, bodyPieces, type Framing, requestFraming, responseFraming } from "./http-body.ts";
import { type Head, headerOf, readHead, withHeaders } from "./http-head.ts";
import type { Place, PlacedFault } from "./random-faults.ts";

/** One side of the proxy. */
export interface Peer {
  readonly socket: Socket;
  readonly source: ByteSource;
}

export interface ExchangeOptions {
  readonly client: Peer;
  /** Opens or reuses the connection to the service. */
  readonly connect: () => Promise<Peer>;
  readonly method: string;
  readonly request: Head;
  readonly fault: PlacedFault | undefined;
  /** Ends waiting when the client has left. */
  readonly signal: AbortSignal;
}

/** What becomes of the connections after one request. */
export type Outcome = "keepAlive" | "close" | "reset";

type FaultOf<Kind extends PlacedFault["kind"]> = Extract<PlacedFault, { kind: Kind }>;

/** Handles one request with its answer, as the fault wants it. */
export async function exchange(options: ExchangeOptions): Promise<Outcome> {
  const { fault, client, request, signal } = options;
  switch (fault?.kind) {
    case "answer":
      return answer(options, fault);
    case "silence":
      await drain(client.source, requestFraming(request));
      return stayOpen(signal);
    case "delay":
      await wait(fault.ms, undefined, { signal });
      return pass(options, asItCame);
    case "hold":
      await held(fault.until, signal);
      return pass(options, asItCame);
    case "reset":
      return fault.when === "beforeRequest" ? "reset" : resetLater(options, fault.when);
    case undefined:
    case "flipRequestBit":
      return pass(options, asItCame);
    case "flipBit":
      return pass(options, (response, to) => forward(response, to, flipBit(placeIn(response.framing, fault.atByte))));
    case "truncate":
      return pass(options, (response, to) => truncate(response, to, fault));
    case "extraBytes":
      return pass(options, (response, to) => extraBytes(response, to, fault));
    case "stall":
      return pass(options, async (response, to) => {
        await writeTo(to.socket, response.head.raw);
        await firstBytes(response, to, placeIn(response.framing, fault.afterBytes));
        return stayOpen(signal);
      });
    case "rewrite":
      return pass(options, (response, to) => rewrite(response, to, fault));
    case "encode":
      return pass(options, (response, to) => encode(response, to, fault));
  }
}

/** Resolves when `until` does, rejects when the client has left before. */
function held(until: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  if (signal.aborted) reject(signal.reason as Error);
  return Promise.race([until, promise]);
}

interface Response {
  readonly head: Head;
  readonly status: number;
  readonly framing: Framing;
  readonly source: ByteSource;
}

/** Brings an answer to the client. */
type Deliver = (response: Response, client: Peer) => Promise<Outcome>;

/** Request to the service, answer to the client, both at once: an answer may come before the request's end. */
async function pass(options: ExchangeOptions, deliver: Deliver): Promise<Outcome> {
  const service = await options.connect();
  const sent = sendRequest(options, service);
  const response = await readResponse(options, service);
  if (response === undefined) return "reset";
  const outcome = await deliver(response, options.client);
  if (outcome !== "keepAlive") return outcome;
  return (await sent) && keepsAlive(response.head) && response.framing.kind !== "untilClose" ? "keepAlive" : "close";
}

/** Whether all of it got there. */
async function sendRequest({ client, request, fault }: ExchangeOptions, service: Peer): Promise<boolean> {
  if (!(await writeTo(service.socket, request.raw))) return false;
  const framing = requestFraming(request);
  const change = fault?.kind === "flipRequestBit" ? flipBit(placeIn(framing, fault.atByte)) : undefined;
  try {
    for await (const { bytes, isContent } of bodyPieces(client.source, framing)) {
      if (!(await writeTo(service.socket, isContent && change !== undefined ? change(bytes) : bytes))) return false;
    }
    return true;
  } catch {
    // The client stopped in mid-body; the service must learn of it in the same way.
    service.socket.destroy();
    return false;
  }
}

/** The final answer's head; interim ones (100 Continue) are passed on at once. */
async function readResponse({ client, method }: ExchangeOptions, service: Peer): Promise<Response | undefined> {
  for (;;) {
    const head = await readHead(service.source);
    if (head === undefined) return undefined;
    const status = Number(head.startLine.split(" ")[1]);
    if (status >= 200) return { head, status, framing: responseFraming(head, method, status), source: service.source };
    await writeTo(client.socket, head.raw);
  }
}

const asItCame: Deliver = (response, client) => forward(response, client, (bytes) => bytes);

async function forward(response: Response, client: Peer, change: (bytes: Buffer) => Buffer): Promise<Outcome> {
  if (!(await writeTo(client.socket, response.head.raw))) return "close";
  for await (const { bytes, isContent } of bodyPieces(response.source, response.framing)) {
    if (!(await writeTo(client.socket, isContent ? change(bytes) : bytes))) return "close";
  }
  return "keepAlive";
}

/** Of a body whose length is not told beforehand, a place by fraction is one in its first bytes. */
const GUESSED_LENGTH = 256;

function placeIn(framing: Framing, place: Place): number {
  if (typeof place === "number") return place;
  return Math.floor(place.fraction * (framing.kind === "length" ? framing.length : GUESSED_LENGTH));
}

/** Flips the lowest bit of one byte of a body that comes in pieces. */
function flipBit(atByte: number): (bytes: Buffer) => Buffer {
  let position = 0;
  return (bytes) => {
    const index = atByte - position;
    position += bytes.length;
    const byte = bytes[index];
    if (byte === undefined) return bytes;
    const flipped = Buffer.from(bytes);
    flipped[index] = byte ^ 1;
    return flipped;
  };
}

/** Passes on so many bytes of content in the framing that they came in; false when there were fewer. */
async function firstBytes(response: Response, client: Peer, count: number): Promise<boolean> {
  let left = count;
  if (left <= 0) return true;
  for await (const { bytes, isContent } of bodyPieces(response.source, response.framing)) {
    const part = isContent ? bytes.subarray(0, left) : bytes;
    if (isContent) left -= part.length;
    if (!(await writeTo(client.socket, part))) return false;
    if (left === 0) return true;
  }
  return false;
}

async function truncate(response: Response, client: Peer, fault: FaultOf<"truncate">): Promise<Outcome> {
  const afterBytes = placeIn(response.framing, fault.afterBytes);
  if (fault.end === "cut" || response.framing.kind === "none") {
    await writeTo(client.socket, response.head.raw);
    await firstBytes(response, client, afterBytes);
    return "close";
  }
  const length = response.framing.kind === "length" ? response.framing.length : undefined;
  // The connection ends with the answer. Who was not told might send the next request on it, and see that one fail.
  if (length !== undefined) {
    const shortened = Math.min(length, afterBytes);
    const headers = { "content-length": String(shortened), connection: "close" };
    await writeTo(client.socket, withHeaders(response.head, headers).raw);
    await firstBytes(response, client, shortened);
  } else {
    // Only the content's end tells how much there is, so it is put in chunks of the proxy's own.
    await writeTo(client.socket, withHeaders(inChunks(response.head), { connection: "close" }).raw);
    await writeChunks(client, firstOf(bodyContent(response.source, response.framing), afterBytes));
  }
  // The rest of the answer is still on its way from the service.
  return "close";
}

async function extraBytes(response: Response, client: Peer, { count }: FaultOf<"extraBytes">): Promise<Outcome> {
  const extra = Buffer.alloc(count, "x");
  if (response.framing.kind === "none") return asItCame(response, client);
  if (response.framing.kind === "length") {
    const length = String(response.framing.length + count);
    await writeTo(client.socket, withHeaders(response.head, { "content-length": length }).raw);
    for await (const bytes of bodyContent(response.source, response.framing)) await writeTo(client.socket, bytes);
    await writeTo(client.socket, extra);
    return "keepAlive";
  }
  await writeTo(client.socket, inChunks(response.head).raw);
  await writeChunks(client, followedBy(bodyContent(response.source, response.framing), extra));
  return "keepAlive";
}

async function rewrite(response: Response, client: Peer, fault: FaultOf<"rewrite">): Promise<Outcome> {
  const status = fault.status ?? response.status;
  const startLine = fault.status === undefined ? response.head.startLine : `HTTP/1.1 ${status} ${reason(status)}`;
  const headers = lowerCased(fault.headers ?? {});
  if (fault.body === undefined) {
    await writeTo(client.socket, withHeaders(response.head, headers, startLine).raw);
    for await (const { bytes } of bodyPieces(response.source, response.framing)) await writeTo(client.socket, bytes);
    // A length that is not the body's leaves the connection in a state that nobody can go on from.
    return "content-length" in headers || "transfer-encoding" in headers ? "close" : "keepAlive";
  }
  await drain(response.source, response.framing);
  const length = String(Buffer.byteLength(fault.body));
  const fitted = { "transfer-encoding": null, "content-length": length, ...headers };
  await writeTo(client.socket, withHeaders(response.head, fitted, startLine).raw);
  if (response.framing.kind !== "none") await writeTo(client.socket, fault.body);
  return "content-length" in headers ? "close" : "keepAlive";
}

async function encode(response: Response, client: Peer, { encoding }: FaultOf<"encode">): Promise<Outcome> {
  if (response.framing.kind === "none") return asItCame(response, client);
  const before = headerOf(response.head, "content-encoding");
  const head = withHeaders(inChunks(response.head), {
    "content-encoding": before === undefined ? encoding : `${before}, ${encoding}`,
  });
  await writeTo(client.socket, head.raw);
  const compressor = encoding === "gzip" ? createGzip() : createBrotliCompress();
  // One pipeline, so that a body that breaks off ends this exchange and not, as an error nobody hears, the process.
  await pipeline(bodyContent(response.source, response.framing), compressor, (compressed) =>
    writeChunks(client, compressed),
  );
  return "keepAlive";
}

async function resetLater(
  options: ExchangeOptions,
  when: "duringRequest" | "afterRequest" | "afterHeaders",
): Promise<Outcome> {
  switch (when) {
    case "duringRequest":
      return sendHalf(options);
    case "afterRequest":
      // The service does all of its work, and nobody hears of it.
      return pass(options, async (response) => {
        await drain(response.source, response.framing);
        return "reset";
      });
    case "afterHeaders":
      // Closed, not reset: a reset may overtake the headers, and then they would not have arrived.
      return pass(options, async (response, client) => {
        await writeTo(client.socket, response.head.raw);
        return "close";
      });
  }
}

/** The service gets the head and, of a body, half (or its first bytes, where the length is not known); then both sides are cut off. */
async function sendHalf({ client, request, connect }: ExchangeOptions): Promise<Outcome> {
  const service = await connect();
  await writeTo(service.socket, request.raw);
  const framing = requestFraming(request);
  let left = framing.kind === "length" ? Math.floor(framing.length / 2) : 1;
  for await (const { bytes, isContent } of bodyPieces(client.source, framing)) {
    const part = isContent ? bytes.subarray(0, left) : bytes;
    if (isContent) left -= part.length;
    if (!(await writeTo(service.socket, part)) || left === 0) break;
  }
  return "reset";
}

async function answer(options: ExchangeOptions, fault: FaultOf<"answer">): Promise<Outcome> {
  const { client, request, method } = options;
  // Whoever waits for "100 Continue" has sent no body, and is not going to.
  const waits = /100-continue/i.test(headerOf(request, "expect") ?? "");
  if (!waits) await drain(client.source, requestFraming(request));
  const body = fault.body ?? "";
  const headers = Object.entries({
    "content-length": String(Buffer.byteLength(body)),
    date: new Date().toUTCString(),
    ...(waits ? { connection: "close" } : {}),
    ...lowerCased(fault.headers ?? {}),
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const content = method === "HEAD" || fault.status === 204 || fault.status === 304 ? "" : body;
  await writeTo(client.socket, `HTTP/1.1 ${fault.status} ${reason(fault.status)}\r\n${lines}\r\n${content}`);
  return waits ? "close" : "keepAlive";
}

async function drain(source: ByteSource, framing: Framing): Promise<void> {
  for await (const _ of bodyPieces(source, framing));
}

/** Holds the connection as it is until the client or the proxy ends it. */
async function stayOpen(signal: AbortSignal): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  if (signal.aborted) return "close";
  signal.addEventListener("abort", () => resolve("close"), { once: true });
  return promise;
}

function keepsAlive(head: Head): boolean {
  const connection = headerOf(head, "connection")?.toLowerCase();
  return head.startLine.startsWith("HTTP/1.0") ? connection === "keep-alive" : connection !== "close";
}

function reason(status: number): string {
  return STATUS_CODES[status] ?? "Unknown";
}

function lowerCased<Value>(headers: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function inChunks(head: Head): Head {
  return withHeaders(head, { "content-length": null, "transfer-encoding": "chunked" });
}

async function writeChunks(client: Peer, content: AsyncIterable<Buffer>): Promise<void> {
  for await (const bytes of content) {
    if (bytes.length === 0) continue;
    const chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
    if (!(await writeTo(client.socket, chunk))) return;
  }
  await writeTo(client.socket, "0\r\n\r\n");
}

async function* firstOf(content: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer, void, void> {
  let left = count;
  for await (const bytes of content) {
    const part = bytes.subarray(0, left);
    left -= part.length;
    yield part;
    if (left === 0) return;
  }
}

async function* followedBy(content: AsyncIterable<Buffer>, extra: Buffer): AsyncGenerator<Buffer, void, void> {
  yield* content;
  yield extra;
}
