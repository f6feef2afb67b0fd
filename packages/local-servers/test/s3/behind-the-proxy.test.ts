import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type FaultProxy, faultProxy, type S3Server, s3Server } from "../../src/index.ts";
import { refusalOf } from "./probe/assertions.ts";

const Bucket = "behind";
const forever = { times: Number.POSITIVE_INFINITY };
let server: S3Server;
let proxy: FaultProxy;
let s3: S3Client;

beforeAll(async () => {
  server = await s3Server();
  proxy = await faultProxy({ target: server.url });
  const { region, credentials } = server;
  s3 = new S3Client({ endpoint: proxy.url, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterEach(() => proxy.faults.clear());
afterAll(async () => {
  s3.destroy();
  await proxy.close();
  await server.close();
});

const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));

it("a signature for the proxy's address is good at the server behind it, also with dot segments and in URLs", async () => {
  for (const Key of ["k", "a/../b", "//x", "ü +%"]) {
    await put(Key, "body");
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(await Body?.transformToString()).toBe("body");
  }
  expect((await fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: "k" })))).status).toBe(200);
});

it("a bit that flips on the way in is found by the server", async () => {
  proxy.faults.inject({ match: { method: "PUT" }, ...forever, fault: { kind: "flipRequestBit", atByte: 2 } });
  expect((await refusalOf(put("flipped", "hello"))).status).toBe(400);
  proxy.faults.clear();
  expect((await refusalOf(s3.send(new HeadObjectCommand({ Bucket, Key: "flipped" })))).status).toBe(404);
});

it("a write whose answer is lost has happened", async () => {
  proxy.faults.inject({ match: { method: "PUT" }, ...forever, fault: { kind: "reset", when: "afterRequest" } });
  await expect(put("lost-answer", "hello")).rejects.toThrow(/ECONNRESET|hang up/);
  const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key: "lost-answer" }));
  expect(ContentLength).toBe(5);
});

it("a write that is cut off has not", async () => {
  proxy.faults.inject({ match: { method: "PUT" }, ...forever, fault: { kind: "reset", when: "duringRequest" } });
  await expect(put("cut-off", "hello".repeat(10_000))).rejects.toThrow(/ECONNRESET|EPIPE|hang up/);
  expect((await refusalOf(s3.send(new HeadObjectCommand({ Bucket, Key: "cut-off" })))).status).toBe(404);
});
