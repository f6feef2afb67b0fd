import { isStorageError } from "@bucketferry/storage-core";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "./s3-config.ts";
import type { S3Options } from "./s3-options.ts";
import { adapter, s3 } from "./s3.ts";

const KEYS = { accessKeyId: "id", secretAccessKey: "very-secret" };

function problemOf(options: object): string {
  try {
    s3(options as S3Options);
  } catch (error) {
    return isStorageError(error, "InvalidConfig") ? error.message : `no InvalidConfig: ${String(error)}`;
  }
  return "none";
}

describe("options that do not fit", () => {
  it.each<[string, object, RegExp]>([
    ["no bucket", { region: "us-east-1" }, /bucket/],
    ["a bucket with a slash", { bucket: "a/b", region: "us-east-1" }, /bucket: is not the name/],
    ["an ARN for a bucket", { bucket: "arn:aws:s3:::x", region: "us-east-1" }, /bucket: .* alias/],
    ["a directory bucket", { bucket: "x--use1-az4--x-s3", region: "us-east-1" }, /directory bucket/],
    ["a misspelt field", { bucket: "abc", region: "us-east-1", acessKeyId: "x" }, /acessKeyId/],
    ["no region for Amazon S3", { bucket: "abc" }, /region: missing.*us-east-1/],
    ["a region that is none", { bucket: "abc", region: "us east/1" }, /region/],
    ["an endpoint without a scheme", { bucket: "abc", endpoint: "s3.example.com" }, /endpoint: .*https/],
    ["an endpoint of another scheme", { bucket: "abc", endpoint: "ftp://example.com" }, /endpoint/],
    ["an endpoint with a password", { bucket: "abc", endpoint: "https://u:very-secret@example.com" }, /password/],
    ["an endpoint with a query", { bucket: "abc", endpoint: "https://example.com/?a=b" }, /endpoint/],
    ["a profile without its endpoint", { bucket: "abc", profile: "minio" }, /endpoint: missing/],
    ["a profile that nobody knows", { bucket: "abc", profile: "wasabi" }, /profile/],
    ["a key without its secret", { bucket: "abc", region: "us-east-1", accessKeyId: "id" }, /secretAccessKey: missing/],
    [
      "a secret without its key",
      { bucket: "abc", region: "us-east-1", secretAccessKey: "very-secret" },
      /accessKeyId: missing/,
    ],
    [
      "a lone token",
      { bucket: "abc", region: "us-east-1", sessionToken: "very-secret" },
      /sessionToken: given without/,
    ],
    [
      "two ways to credentials",
      { bucket: "abc", region: "us-east-1", ...KEYS, credentials: async () => KEYS },
      /credentials: given beside/,
    ],
    ["parts that are too small", { bucket: "abc", region: "us-east-1", partSizeBytes: 1024 }, /partSizeBytes/],
    ["no connection at all", { bucket: "abc", region: "us-east-1", connections: 0 }, /connections/],
    [
      "a public base that is no URL",
      { bucket: "abc", region: "us-east-1", publicBaseUrl: "cdn.example.com" },
      /publicBaseUrl/,
    ],
    [
      "an alias that is no URL",
      { bucket: "abc", region: "us-east-1", urlAliases: ["https://ok.example", "x"] },
      /urlAliases\.1/,
    ],
    [
      "versions where there are none",
      { bucket: "abc", profile: "r2", endpoint: "https://x.r2.cloudflarestorage.com", versioned: true },
      /versioned/,
    ],
    [
      "a name that is no host name",
      { bucket: "My_Bucket", region: "us-east-1", forcePathStyle: false },
      /bucket: .*forcePathStyle/,
    ],
  ])("%s is InvalidConfig, names the field, and shows no secret (N01)", (_, options, problem) => {
    const message = problemOf(options);
    expect(message).toMatch(problem);
    expect(message).toMatch(/^s3 options: /);
    expect(message).not.toContain("very-secret");
  });

  it("are found by the schema alone, for whoever loads a configuration", async () => {
    const result = await adapter.options["~standard"].validate({
      bucket: "abc",
      region: "us-east-1",
      acl: "public-read",
    });
    expect(result.issues?.[0]?.message).toMatch(/acl/);
  });
});

describe("what follows from the options", () => {
  it.each<[string, S3Options, object]>([
    [
      "Amazon S3 has virtual hosts",
      { bucket: "abc", region: "eu-west-3" },
      { region: "eu-west-3", address: { origin: "https://abc.s3.eu-west-3.amazonaws.com", path: "" } },
    ],
    [
      "a dotted name cannot be a host name over TLS",
      { bucket: "a.b.c", region: "eu-west-3" },
      { address: { origin: "https://s3.eu-west-3.amazonaws.com", path: "/a.b.c" } },
    ],
    [
      "China has a domain of its own",
      { bucket: "abc", region: "cn-north-1" },
      { address: { origin: "https://abc.s3.cn-north-1.amazonaws.com.cn" } },
    ],
    [
      "the European Sovereign Cloud has a domain of its own",
      { bucket: "abc", region: "eusc-de-east-1" },
      { address: { origin: "https://abc.s3.eusc-de-east-1.amazonaws.eu" } },
    ],
    [
      "its endpoint names its region",
      { bucket: "abc", endpoint: "https://s3.eusc-de-east-1.amazonaws.eu" },
      { region: "eusc-de-east-1", profile: { title: "Amazon S3" }, pathStyle: false },
    ],
    [
      "an Amazon endpoint names its region",
      { bucket: "abc", endpoint: "https://s3.dualstack.ap-southeast-2.amazonaws.com" },
      { region: "ap-southeast-2", profile: { title: "Amazon S3" }, pathStyle: false },
    ],
    [
      "R2 is told by its host, and has one region",
      { bucket: "abc", endpoint: "https://0123.eu.r2.cloudflarestorage.com" },
      { region: "auto", profile: { title: "Cloudflare R2" }, address: { path: "/abc" } },
    ],
    [
      "B2 names its region in the host",
      { bucket: "abc", endpoint: "https://s3.us-west-004.backblazeb2.com" },
      { region: "us-west-004", profile: { title: "Backblaze B2" } },
    ],
    [
      "Google Cloud Storage is told by its host",
      { bucket: "abc", endpoint: "https://storage.googleapis.com" },
      { region: "auto", profile: { title: "Google Cloud Storage" }, address: { path: "/abc" } },
    ],
    [
      "Supabase is told by its path, which stays in front of the bucket",
      { bucket: "abc", endpoint: "https://ref.supabase.co/storage/v1/s3/" },
      { profile: { title: "Supabase Storage by its S3 endpoint" }, address: { path: "/storage/v1/s3/abc" } },
    ],
    [
      "an unknown service is trusted with the least",
      { bucket: "abc", endpoint: "http://storage.example:9000" },
      {
        region: "us-east-1",
        profile: { title: "any other S3 service" },
        address: { origin: "http://storage.example:9000", path: "/abc" },
      },
    ],
    [
      "virtual hosts can be asked for",
      { bucket: "abc", endpoint: "https://storage.example", forcePathStyle: false },
      { address: { origin: "https://abc.storage.example", path: "" } },
    ],
  ])("%s", (_, options, expected) => {
    expect(resolveConfig({ ...options, ...KEYS })).toMatchObject(expected);
  });

  it("sends R2 no more in one request than the 5 MiB less than 5 GiB that it takes", () => {
    const most = 5 * 1024 ** 3 - 5 * 1024 ** 2;
    const endpoint = "https://0123456789abcdef.r2.cloudflarestorage.com";
    expect(s3({ bucket: "abc", endpoint, ...KEYS }).capabilities).toMatchObject({
      maxPutBytes: most,
      multipart: { maxPartBytes: most },
    });
    expect(resolveConfig({ bucket: "abc", endpoint }).limits.maxCopyBytes).toBe(most);
    expect(resolveConfig({ bucket: "abc", region: "us-east-1" }).limits.maxCopyBytes).toBe(5 * 1024 ** 3);
  });

  it("offers no conditions in a bucket with versions where the service ignores them there", () => {
    const ceph = { bucket: "abc", endpoint: "http://c.example", profile: "ceph", ...KEYS } as const;
    expect(s3(ceph).capabilities.conditionalPut.create).toBe(true);
    expect(s3({ ...ceph, versioned: true }).capabilities).toMatchObject({
      versions: true,
      conditionalPut: { create: false, replace: false },
    });
    expect(s3({ bucket: "abc", region: "us-east-1", versioned: true, ...KEYS }).capabilities).toMatchObject({
      versions: true,
      conditionalPut: { create: true, replace: true },
    });
  });
});
