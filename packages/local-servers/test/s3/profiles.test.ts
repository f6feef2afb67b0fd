import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketPolicyCommand,
  GetPublicAccessBlockCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { request } from "node:http";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { afterEach, expect, it } from "vitest";
import { type ProfileName, s3Server } from "../../src/index.ts";
import { refusalOf } from "./probe/assertions.ts";
import { send } from "./probe/requests.ts";
import { signHeaders } from "./signed-request.ts";

const Bucket = "profiles";
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function start(profile: ProfileName, config: Partial<S3ClientConfig> = {}) {
  const server = await s3Server({ profile });
  const s3 = new S3Client({
    endpoint: server.url,
    region: server.region,
    credentials: server.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    ...config,
  });
  ends.push(
    () => s3.destroy(),
    () => server.close(),
  );
  await s3.send(new CreateBucketCommand({ Bucket }));
  return { server, s3 };
}

const NOT_IMPLEMENTED = { status: 501, code: "NotImplemented" };
const FINE = { status: undefined, code: undefined };

it("b2 has no conditional writes, no checksums, no policies", async () => {
  const { s3 } = await start("b2");
  expect(await refusalOf(s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" })))).toEqual(FINE);
  for (const condition of [{ IfNoneMatch: "*" }, { IfMatch: '"x"' }]) {
    const put = new PutObjectCommand({ Bucket, Key: "k", Body: "x", ...condition });
    expect(await refusalOf(s3.send(put))).toEqual(NOT_IMPLEMENTED);
  }
  const checked = new PutObjectCommand({ Bucket, Key: "k", Body: "x", ChecksumAlgorithm: "CRC32" });
  expect(await refusalOf(s3.send(checked))).toEqual({ status: 400, code: "InvalidArgument" });
  expect(await refusalOf(s3.send(new GetBucketPolicyCommand({ Bucket })))).toEqual(NOT_IMPLEMENTED);
});

/** The status that a PUT meets before it has sent its body. */
function refusedHead(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const put = request(url, { method: "PUT", headers }, ({ statusCode }) => {
      put.destroy();
      resolve(statusCode);
    });
    put.on("error", reject).flushHeaders();
  });
}

it("r2 takes the region auto, and has neither forms nor public access settings, takes less than 5 GiB at once, and wants parts of one size", async () => {
  const { s3, server } = await start("r2", { region: "auto" });
  expect(await refusalOf(s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", IfNoneMatch: "*" })))).toEqual(
    FINE,
  );
  expect(await refusalOf(s3.send(new GetPublicAccessBlockCommand({ Bucket })))).toEqual(NOT_IMPLEMENTED);
  const acl = new PutObjectCommand({ Bucket, Key: "k", Body: "x", ACL: "public-read" });
  expect(await refusalOf(s3.send(acl))).toEqual(NOT_IMPLEMENTED);
  const { fields } = await createPresignedPost(s3, { Bucket, Key: "k" });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", new Blob(["x"]));
  expect((await fetch(`${server.url}/${Bucket}`, { method: "POST", body: form })).status).toBe(501);

  const long = signHeaders(server, "PUT", `/${Bucket}/long`, {
    "content-length": String(5 * 1024 ** 3 - 5 * 1024 ** 2 + 1),
    expect: "100-continue",
  });
  expect(await refusedHead(`${server.url}/${Bucket}/long`, long.headers)).toBe(400);

  const Key = "parts";
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const sizes = [5 * 1024 ** 2, 6 * 1024 ** 2, 1];
  const Parts = await Promise.all(
    sizes.map(async (size, index) => {
      const PartNumber = index + 1;
      const Body = Buffer.alloc(size);
      const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
      return { PartNumber, ETag };
    }),
  );
  const complete = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
  expect(await refusalOf(s3.send(complete))).toEqual({ status: 400, code: "InvalidPart" });
});

it.each(["/a", "a//b", "a/../b", "./a", "x".repeat(256)])("minio refuses the key %s", async (Key) => {
  const { s3 } = await start("minio");
  const refusal = await refusalOf(s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" })));
  expect(refusal).toEqual({ status: 400, code: "XMinioInvalidObjectName" });
});

it("minio has no object below an object", async () => {
  const { s3 } = await start("minio");
  await s3.send(new PutObjectCommand({ Bucket, Key: "a/b", Body: "x" }));
  const below = new PutObjectCommand({ Bucket, Key: "a/b/c/d", Body: "x" });
  expect(await refusalOf(s3.send(below))).toEqual({ status: 400, code: "XMinioParentIsObject" });
  expect(await refusalOf(s3.send(new PutObjectCommand({ Bucket, Key: "a/bc", Body: "x" })))).toEqual(FINE);
});

it("ceph20 gives pages of up to 5,000 when asked", async () => {
  const { s3 } = await start("ceph20");
  expect((await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 6000 }))).MaxKeys).toBe(5000);
  expect((await s3.send(new ListObjectsV2Command({ Bucket }))).MaxKeys).toBe(1000);
});

it("aws blocks public access on a new bucket", async () => {
  const { s3, server } = await start("aws");
  const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  expect(Object.values(PublicAccessBlockConfiguration ?? {})).toEqual([true, true, true, true]);
  expect((await send(`${server.url}/${Bucket}/k`)).status).toBe(403);
});
