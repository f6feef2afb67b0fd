import {
  CreateBucketCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type S3Server, s3Server } from "../../src/index.ts";

const Bucket = "many";
const KEYS = Array.from({ length: 12 }, (_, index) => `key ${String(index).padStart(2, "0")}`);

let server: S3Server;
let s3: S3Client;
beforeEach(async () => {
  server = await s3Server({ shortPages: true });
  s3 = new S3Client({
    endpoint: server.url,
    region: server.region,
    credentials: server.credentials,
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const Key of KEYS) await s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
});
afterEach(async () => {
  s3.destroy();
  await server.close();
});

it("lists everything in pages that end early, of which the first is empty", async () => {
  const sizes: number[] = [];
  const keys: (string | undefined)[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 10, ContinuationToken: token }));
    expect(page.KeyCount).toBe(page.Contents?.length ?? 0);
    expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined);
    sizes.push(page.KeyCount ?? 0);
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  expect(keys).toEqual(KEYS);
  expect(sizes).toEqual([0, 5, 1, 3, 1, 2]);
});

it("goes on after the last key in the old listing too, whose pages are never empty", async () => {
  const sizes: number[] = [];
  const keys: (string | undefined)[] = [];
  let marker: string | undefined;
  for (let more = true; more;) {
    const page = await s3.send(new ListObjectsCommand({ Bucket, MaxKeys: 10, Marker: marker }));
    sizes.push(page.Contents?.length ?? 0);
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    marker = keys.at(-1);
    more = page.IsTruncated ?? false;
  }
  expect(keys).toEqual(KEYS);
  expect(sizes).toEqual([1, 5, 1, 3, 1, 1]);
});
