import { createHash } from "node:crypto";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { wav } from "./support/wav.ts";
import { buildService, serviceProcess, type ServiceProcess } from "./support/service-process.ts";
import { GROUNDS } from "./support/world.ts";

const MIB = 1024 * 1024;
/** `BUCKETFERRY_API_MEMORY_MIB=1024` runs what the README promises; the bound is the same for any size. */
const SIZE_BYTES = Number(process.env["BUCKETFERRY_API_MEMORY_MIB"] ?? 256) * MIB;
const MOST_AFTER_UPLOAD_BYTES = 150 * MIB;
const SERVICE_BYTES = 120 * MIB;
/**
 * Both limits of the thread that parses audio. It starts when the upload is there, and on a busy machine it runs beside the
 * download. A recording of any size takes it some 20 MiB; how much garbage it has besides is a matter of the moment.
 */
const PARSER_BYTES = 72 * MIB;
const TIMEOUT_MS = 600_000;

// Stripping types at start takes 40 MiB by itself, so it is the built program that is measured: what an image runs.
beforeAll(buildService, TIMEOUT_MS);
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe.runIf(process.platform === "linux").each(Object.keys(GROUNDS))("the memory of the service on %s", (ground) => {
  it.each(["body", "form"] as const)(
    "does not grow with an upload as a %s, nor with its download",
    async (shape) => {
      const found = await GROUNDS[ground]?.();
      if (found === undefined) return;
      ends.push(() => found.close());
      const service = await serviceProcess(found.environment, "built");
      ends.push(() => service.stop());
      const lecture = await created(service);
      const sent = await upload(`${service.url}/lectures/${lecture}/upload-audio`, shape);
      const afterUpload = service.peakRssBytes();
      expect(await digestOf(await fetchStream(`${service.url}/lectures/${lecture}/audio`))).toBe(sent);
      const peak = service.peakRssBytes();
      console.log(
        `${ground}, ${shape} of ${SIZE_BYTES / MIB} MiB: ${mib(afterUpload)} MiB after the upload, ${mib(peak)} MiB at most`,
      );
      expect(afterUpload).toBeLessThanOrEqual(MOST_AFTER_UPLOAD_BYTES);
      expect(peak).toBeLessThanOrEqual(SERVICE_BYTES + PARSER_BYTES);
    },
    TIMEOUT_MS,
  );
});

async function created({ url }: ServiceProcess): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/lectures`, { method: "POST", headers, body: '{"title":"Long"}' });
  return ((await answer.json()) as { id: string }).id;
}

/** Sends a recording of the size, and answers its SHA-256. */
async function upload(url: string, shape: "body" | "form"): Promise<string> {
  const hash = createHash("sha256");
  const form = 'content-disposition: form-data; name="file"; filename="long.wav"\r\ncontent-type: audio/wav';
  const outgoing = request(url, {
    method: "POST",
    headers:
      shape === "body"
        ? { "content-type": "audio/wav", "content-length": SIZE_BYTES }
        : { "content-type": "multipart/form-data; boundary=edge" },
  });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  await pipeline(
    Readable.from(
      (function* () {
        if (shape === "form") yield Buffer.from(`--edge\r\n${form}\r\n\r\n`);
        for (const chunk of recording()) {
          hash.update(chunk);
          yield chunk;
        }
        if (shape === "form") yield Buffer.from("\r\n--edge--\r\n");
      })(),
    ),
    outgoing,
  );
  const [answer] = await answered;
  const text = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)).toString();
  expect([answer.statusCode, text]).toEqual([201, expect.any(String)]);
  return hash.digest("hex");
}

function* recording(): Generator<Buffer> {
  const first = Buffer.from(wav(1));
  yield first;
  const block = Buffer.alloc(256 * 1024);
  for (let rest = SIZE_BYTES - first.byteLength, number = 0; rest > 0; rest -= block.byteLength, number++) {
    yield Buffer.from(block.fill(number).subarray(0, rest));
  }
}

async function fetchStream(url: string): Promise<AsyncIterable<Uint8Array>> {
  const outgoing = request(url).end();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  return answer;
}

async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest("hex");
}

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}
