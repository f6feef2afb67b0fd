import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { PresignOptions } from "@bucketferry/storage-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { s3, type S3Options } from "../src/index.ts";
import { local, type Local } from "./support/local.ts";

const NOW = Date.UTC(2026, 5, 1, 12, 0, 0);
const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret", sessionToken: "token" };
const AMAZON: S3Options = { bucket: "media", region: "eu-west-3", ...KEYS, now: () => NOW };
const GATEWAY: S3Options = { ...AMAZON, endpoint: "http://gateway.example:7480", profile: "ceph" };

function sdkFor(options: S3Options): S3Client {
  return new S3Client({
    region: "eu-west-3",
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
    credentials: KEYS,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
}

/** What the SDK adds for its own bookkeeping; it changes what is signed, but not what is allowed. */
async function signedBySdk(client: S3Client, command: object, signable: string[]): Promise<URL> {
  client.middlewareStack.remove("addExpectContinueMiddleware");
  const url = await getSignedUrl(client, command as GetObjectCommand, {
    expiresIn: 900,
    signingDate: new Date(NOW),
    signableHeaders: new Set(signable),
    unhoistableHeaders: new Set(signable),
  });
  return new URL(url);
}

describe.each([
  ["Amazon S3", AMAZON],
  ["a gateway", GATEWAY],
])("presigned URLs for %s", (_, options) => {
  const input = { Bucket: "media", Key: "a b+c/é.png" };
  it.each<[PresignOptions["method"], Partial<PresignOptions>, object, string[]]>([
    ["GET", {}, new GetObjectCommand(input), []],
    [
      "GET",
      { responseContentType: "text/csv", responseContentDisposition: 'attachment; filename="x y.csv"' },
      new GetObjectCommand({
        ...input,
        ResponseContentType: "text/csv",
        ResponseContentDisposition: 'attachment; filename="x y.csv"',
      }),
      [],
    ],
    [
      "PUT",
      { contentType: "image/png", contentLength: 17 },
      new PutObjectCommand({ ...input, ContentType: "image/png", ContentLength: 17 }),
      ["content-type", "content-length"],
    ],
    ["HEAD", {}, new HeadObjectCommand(input), []],
    ["DELETE", {}, new DeleteObjectCommand(input), []],
  ])(
    "to %s with %j have the host, path, headers and parameters that the SDK's have",
    async (method, more, command, signable) => {
      const provider = s3(options);
      const { url, headers, expiresAt } = await provider.presign({
        method,
        key: input.Key,
        expiresInSeconds: 900,
        ...more,
      });
      const ours = new URL(url);
      const theirs = await signedBySdk(sdkFor(options), command, signable);
      expect(ours.origin + ours.pathname).toBe(theirs.origin + theirs.pathname);
      const parameters = (signed: URL) =>
        Object.fromEntries([...signed.searchParams].filter(([name]) => name !== "x-id" && name !== "X-Amz-Signature"));
      expect(parameters(ours)).toEqual(parameters(theirs));
      expect(ours.searchParams.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
      expect(Object.keys(headers).sort()).toEqual(signable.toSorted());
      expect(expiresAt).toEqual(new Date(NOW + 900_000));
    },
  );
});

describe("a presigned form", () => {
  let server: Local;
  beforeAll(async () => {
    server = await local();
  });
  afterAll(() => server.close());

  it("is bound to key, type and largest size", async () => {
    const provider = server.provider();
    const form = await provider.presign({
      method: "POST",
      key: "form.txt",
      expiresInSeconds: 60,
      contentType: "text/plain",
      maxSizeBytes: 5,
    });
    const send = async (fields: Record<string, string>, body: string) => {
      const data = new FormData();
      for (const [name, value] of Object.entries({ ...form.fields, ...fields })) data.append(name, value);
      data.append("file", new Blob([body]));
      return (await fetch(form.url, { method: "POST", body: data })).status;
    };
    expect(await send({}, "123456")).toBe(400);
    expect(await send({ key: "other.txt" }, "1")).toBe(403);
    expect(await send({ "Content-Type": "text/html" }, "1")).toBe(403);
    expect(await send({}, "12345")).toBe(204);
    expect(await provider.head("form.txt")).toMatchObject({ size: 5, contentType: "text/plain" });
    expect(form.expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it("cannot be had for a key that a form would change", async () => {
    await expect(
      server.provider().presign({ method: "POST", key: "a/${filename}", expiresInSeconds: 60 }),
    ).rejects.toMatchObject({ code: "InvalidKey" });
  });

  it("is signed by a corrected clock too", async () => {
    const provider = server.provider({ now: () => Date.now() - 3_600_000 });
    await provider.exists("anything");
    const { expiresAt, fields } = await provider.presign({ method: "POST", key: "k", expiresInSeconds: 60 });
    expect(Math.abs(expiresAt.getTime() - Date.now() - 60_000)).toBeLessThan(5000);
    const policy = JSON.parse(Buffer.from(fields?.["Policy"] ?? "", "base64").toString()) as { expiration: string };
    expect(Math.abs(Date.parse(policy.expiration) - expiresAt.getTime())).toBeLessThanOrEqual(1000);
  });
});
