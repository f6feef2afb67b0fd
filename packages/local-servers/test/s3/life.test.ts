import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterEach, beforeEach, expect, it } from "vitest";
import { s3Server } from "../../src/index.ts";

const Bucket = "life";
let directory: string;
const ends: (() => unknown)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "s3-life-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  rmSync(directory, { recursive: true, force: true });
});

interface Address {
  readonly url: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

function clientOf({ url: endpoint, region, credentials }: Address, config: Partial<S3ClientConfig> = {}): S3Client {
  // Else the SDK gives checksums to parts of uploads that were begun without.
  const requestChecksumCalculation = "WHEN_REQUIRED";
  const base = {
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation,
  } as const;
  const s3 = new S3Client({ ...base, ...config });
  ends.push(() => s3.destroy());
  return s3;
}

async function start(options: Parameters<typeof s3Server>[0] = {}) {
  const server = await s3Server({ directory, ...options });
  ends.push(() => server.close());
  return { server, s3: clientOf(server) };
}

const blobs = (): number =>
  readdirSync(join(directory, "blobs"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;

it("a restart finds objects, metadata, configuration and unfinished uploads again", async () => {
  const { server, s3 } = await start();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(
    new PutObjectCommand({ Bucket, Key: "k", Body: "v", Metadata: { a: "1" }, ChecksumAlgorithm: "SHA256" }),
  );
  await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Statement = [{ Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` }];
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }));
  const Rules = [{ Status: "Enabled" as const, Filter: { Prefix: "a&b/" }, Expiration: { Days: 1 } }];
  await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "u" }));
  const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: "u", UploadId, PartNumber: 2, Body: "part" }));
  await server.close();

  const { server: again, s3: client } = await start();
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: "k", ChecksumMode: "ENABLED" }));
  expect(head).toMatchObject({ Metadata: { a: "1" }, ContentLength: 1, ChecksumType: "FULL_OBJECT" });
  expect(await (await fetch(`${again.url}/${Bucket}/k`)).text()).toBe("v");
  expect((await client.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toContain("s3:GetObject");
  const lifecycle = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(lifecycle.Rules?.[0]).toMatchObject({ Filter: { Prefix: "a&b/" }, ID: expect.any(String) as string });
  const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key: "u", UploadId }));
  expect(Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([[2, 4]]);

  const done = { Bucket, Key: "u", UploadId, MultipartUpload: { Parts: [{ PartNumber: 2, ETag }] } };
  const completed = await client.send(new CompleteMultipartUploadCommand(done));
  await again.close();
  // The answer was lost, and the server started anew: the same question gets the same answer.
  const { s3: third } = await start();
  expect((await third.send(new CompleteMultipartUploadCommand(done))).ETag).toBe(completed.ETag);
});

it("a server that is killed in the middle of uploads keeps what it acknowledged, and nothing else", async () => {
  const main = new URL("../../src/main.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=@bucketferry/source", main, "s3", "--directory", directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  ends.push(() => child.kill("SIGKILL"));
  const settings = await new Promise<ReadonlyMap<string, string>>((resolve) => {
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const pairs = text
        .trim()
        .split("\n")
        .map((line) => line.split("=") as [string, string]);
      if (pairs.length === 4 && text.endsWith("\n")) resolve(new Map(pairs));
    });
  });
  const s3 = clientOf({
    url: settings.get("AWS_ENDPOINT_URL_S3") ?? "",
    region: settings.get("AWS_REGION") ?? "",
    credentials: {
      accessKeyId: settings.get("AWS_ACCESS_KEY_ID") ?? "",
      secretAccessKey: settings.get("AWS_SECRET_ACCESS_KEY") ?? "",
    },
  });
  await s3.send(new CreateBucketCommand({ Bucket }));
  const acknowledged: string[] = [];
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    for (let index = 0; ; index += 1) {
      const Key = `${writer}/${index}`;
      try {
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(20_000 + index * 1000, Key) }));
      } catch {
        return;
      }
      acknowledged.push(Key);
      if (acknowledged.length === 100) child.kill("SIGKILL");
    }
  });
  const exited = once(child, "exit");
  await Promise.all(writers);
  if (child.exitCode === null && child.signalCode === null) await exited;
  expect(acknowledged.length).toBeGreaterThanOrEqual(100);

  const { s3: client } = await start();
  for (const Key of acknowledged) {
    const [, index = ""] = Key.split("/");
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    const expected = Buffer.alloc(20_000 + Number(index) * 1000, Key);
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(expected)).toBe(true);
  }
  const { KeyCount = 0, Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  // A write may have been done whose answer was lost, one a writer at the most.
  expect(KeyCount - acknowledged.length).toBeLessThanOrEqual(8);
  expect(blobs()).toBe(Contents.length);
});

it("a reader gets the version that it began with, though the key is overwritten and deleted meanwhile", async () => {
  const { s3 } = await start();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const old = Buffer.alloc(20_000_000, "old ");
  await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: old }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "k" }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "new" }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(old)).toBe(true);
  await expect.poll(blobs).toBe(0);
});

it("a reader that leaves gives back what it held", async () => {
  const { s3 } = await start();
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: Buffer.alloc(50_000_000) }));
  const abort = new AbortController();
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "k" }), { abortSignal: abort.signal });
  if (!(Body instanceof Readable)) throw new Error("a stream of Node");
  await once(Body, "readable");
  Body.destroy();
  await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
  await expect.poll(blobs).toBe(0);
});

it("a torn upload leaves no file", async () => {
  const { server, s3 } = await start();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const url = new URL(await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "torn" })));
  const socket = connect(server.port, "127.0.0.1");
  socket.write(`PUT ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Length: 1000000\r\n\r\n`);
  socket.write(Buffer.alloc(300_000));
  await expect.poll(blobs).toBe(1);
  socket.destroy();
  await expect.poll(blobs).toBe(0);
});

it("an object three times as large as the memory it may take goes in and out", { timeout: 120_000 }, async () => {
  const { server, s3 } = await start();
  await s3.send(new CreateBucketCommand({ Bucket }));
  const size = 750 * 1024 ** 2;
  const chunk = Buffer.alloc(1024 * 1024, "x");
  const url = await getSignedUrl(
    clientOf(server, { requestChecksumCalculation: "WHEN_REQUIRED" }),
    new PutObjectCommand({ Bucket, Key: "large" }),
  );
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  const init = {
    method: "PUT",
    headers: { "content-length": String(size) },
    body: Readable.toWeb(Readable.from(repeat(chunk, size / chunk.length))) as ReadableStream<Uint8Array>,
    duplex: "half",
  };
  expect((await fetch(url, init)).status).toBe(200);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "large" }));
  let received = 0;
  for await (const piece of Body as Readable) received += (piece as Buffer).length;
  clearInterval(watch);
  expect(received).toBe(size);
  expect((peak - before) / 1024 ** 2).toBeLessThan(250);
});

function* repeat(chunk: Buffer, times: number): Generator<Buffer> {
  for (let index = 0; index < times; index += 1) yield chunk;
}
