import type { ObjectInfo } from "@bucketferry/storage-core";
import { describe, expect, it } from "vitest";
import {
  checksumHeaders,
  checksumsOf,
  demandReadConditions,
  etagOf,
  md5OfETag,
  objectInfo,
  storedEncoding,
  storedHeaders,
  writeConditionHeaders,
} from "./s3-headers.ts";
import { S3_PROFILES } from "./s3-profiles.ts";

const { aws, ceph, generic } = S3_PROFILES;
const MD5 = "9e107d9d372bb6826bd81d3542a419d6";

describe("ETags", () => {
  it("lose their quotes, however a service sends them (C14)", () => {
    expect([`"abc"`, "abc", `W/"abc"`, "", undefined].map(etagOf)).toEqual(["abc", "abc", "W/abc", "", ""]);
  });

  it("are the MD5 only of what was put at once and is not encrypted with a key of its own (F04)", () => {
    const aes = { "x-amz-server-side-encryption": "AES256" };
    const kms = { "x-amz-server-side-encryption": "aws:kms" };
    const own = { "x-amz-server-side-encryption-customer-algorithm": "AES256" };
    const etag = `"${MD5}"`;
    expect(md5OfETag({ etag, ...aes }, aws)).toBe(MD5);
    expect(md5OfETag({ etag, ...aes }, ceph)).toBeUndefined();
    for (const profile of [aws, ceph]) {
      expect(md5OfETag({ etag }, profile)).toBe(MD5);
      expect(md5OfETag({ etag, ...kms }, profile)).toBeUndefined();
      expect(md5OfETag({ etag, ...own }, profile)).toBeUndefined();
      expect(md5OfETag({ etag: `"${MD5}-2"` }, profile)).toBeUndefined();
      expect(md5OfETag({ etag: `W/"${MD5}"` }, profile)).toBeUndefined();
    }
    expect(md5OfETag({ etag }, generic)).toBeUndefined();
  });

  it("go into If-Match with quotes, but not where quotes never match", () => {
    expect(writeConditionHeaders({ ifMatch: "abc" }, aws)).toEqual({ "if-match": '"abc"' });
    expect(writeConditionHeaders({ ifMatch: "abc" }, ceph)).toEqual({ "if-match": "abc" });
    expect(writeConditionHeaders({ ifNoneMatch: "*" }, ceph)).toEqual({ "if-none-match": "*" });
    expect(writeConditionHeaders({}, aws)).toEqual({});
  });
});

describe("checksums", () => {
  it("of parts are marked as such (F03)", () => {
    expect(checksumsOf({ "x-amz-checksum-sha256": "abc=-3", etag: `"${MD5}-3"` }, aws)).toEqual({
      sha256: "abc=-3",
      type: "composite",
    });
    expect(checksumsOf({ "x-amz-checksum-crc32": "abcd==", "x-amz-checksum-type": "COMPOSITE" }, aws)?.type).toBe(
      "composite",
    );
    expect(
      checksumsOf({ "x-amz-checksum-crc64nvme": "abcdefghijk=", "x-amz-checksum-type": "FULL_OBJECT" }, aws),
    ).toEqual({
      crc64nvme: "abcdefghijk=",
      type: "full",
    });
    expect(checksumsOf({ etag: `"${MD5}-2"` }, ceph)).toBeUndefined();
  });

  it("are not believed of services that are not known to verify them", () => {
    expect(checksumsOf({ "x-amz-checksum-sha256": "abc=", etag: `"${MD5}"` }, generic)).toBeUndefined();
  });

  it("given by the caller are sent in the one form that the service verifies", () => {
    const sha256 = Buffer.alloc(32, 1).toString("base64");
    expect(checksumHeaders({ algorithm: "md5", value: MD5 }, generic).headers).toEqual({
      "content-md5": Buffer.from(MD5, "hex").toString("base64"),
    });
    expect(checksumHeaders({ algorithm: "sha256", value: sha256 }, ceph)).toEqual({
      headers: {},
      payloadSha256: "01".repeat(32),
    });
    expect(checksumHeaders({ algorithm: "sha256", value: sha256 }, aws)).toEqual({
      headers: { "x-amz-checksum-sha256": sha256 },
      payloadSha256: "01".repeat(32),
    });
  });
});

describe("what is said of an object", () => {
  const headers = { etag: `"${MD5}"`, "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT" };

  it("comes from the headers, with names of metadata as they are", () => {
    const info = objectInfo(
      "k",
      {
        ...headers,
        "content-type": "text/plain",
        "x-amz-meta-a": "1",
        "x-amz-meta-__proto__": "2",
        "x-amz-version-id": "null",
      },
      7,
      ceph,
    );
    expect(info).toMatchObject({
      key: "k",
      size: 7,
      etag: MD5,
      contentType: "text/plain",
      checksums: { md5: MD5, type: "full" },
    });
    expect(Object.entries(info.metadata)).toEqual([
      ["a", "1"],
      ["__proto__", "2"],
    ]);
    expect(info.version).toBeUndefined();
  });

  it.each([
    [{ etag: `"x"` }, "no time"],
    [{ "last-modified": headers["last-modified"] }, "no ETag"],
    [{ etag: `"x"`, "last-modified": "yesterday" }, "no date"],
  ])("is not believed of an answer with %s: %s", (incomplete, _) => {
    expect(() => objectInfo("k", incomplete, 0, aws)).toThrow(expect.objectContaining({ code: "Unavailable" }));
  });

  it("has an encoding, but never the framing of an upload (C05)", () => {
    expect(storedEncoding("gzip,aws-chunked")).toBe("gzip");
    expect(storedEncoding("aws-chunked")).toBeUndefined();
    expect(storedEncoding("aws-chunked, br")).toBe("br");
    expect(storedEncoding("gzip")).toBe("gzip");
  });

  it("always has a type", () => {
    expect(storedHeaders({}, "application/octet-stream")["content-type"]).toBe("application/octet-stream");
  });

  it("takes no tab, whose signature services compute differently (C09)", () => {
    expect(() => storedHeaders({ metadata: { a: "b\tc" } }, "x")).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });
});

describe("conditions of a read, held against the answer", () => {
  const info: ObjectInfo = {
    key: "k",
    size: 1,
    etag: "abc",
    lastModified: new Date("2026-01-02T03:04:05.900Z"),
    metadata: {},
  };
  const at = (text: string) => new Date(`2026-01-02T03:04:${text}Z`);

  it.each([
    [{ ifMatch: "abc" }, "holds"],
    [{ ifMatch: "abd" }, "PreconditionFailed"],
    [{ ifNoneMatch: "abc" }, "NotModified"],
    [{ ifNoneMatch: "abd" }, "holds"],
    [{ ifModifiedSince: at("04") }, "holds"],
    [{ ifModifiedSince: at("05") }, "NotModified"],
    [{ ifModifiedSince: at("06") }, "NotModified"],
    [{ ifUnmodifiedSince: at("04") }, "PreconditionFailed"],
    [{ ifUnmodifiedSince: at("05") }, "holds"],
    [{ ifUnmodifiedSince: at("06") }, "holds"],
    // RFC 9110 §13.2.2: a date counts only without the ETag of the same sort.
    [{ ifMatch: "abc", ifUnmodifiedSince: at("04") }, "holds"],
    [{ ifNoneMatch: "abd", ifModifiedSince: at("06") }, "holds"],
    [{ ifMatch: "abd", ifNoneMatch: "abc" }, "PreconditionFailed"],
  ])("%j: %s (E06, E07)", (options, expected) => {
    const outcome = () => {
      demandReadConditions(options, info);
      return "holds";
    };
    const code = (() => {
      try {
        return outcome();
      } catch (error) {
        return (error as { code: string }).code;
      }
    })();
    expect(code).toBe(expected);
  });
});
