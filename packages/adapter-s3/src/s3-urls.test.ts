import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveConfig } from "./s3-config.ts";
import type { S3Options } from "./s3-options.ts";
import { s3Urls } from "./s3-urls.ts";

const KEYS = { accessKeyId: "id", secretAccessKey: "secret" };
const urlsOf = (options: S3Options) => s3Urls(resolveConfig({ ...options, ...KEYS }));

const amazon = urlsOf({
  bucket: "media",
  region: "eu-west-1",
  publicBaseUrl: "https://cdn.example.com/files/",
  urlAliases: ["https://old-cdn.example.com"],
});
const china = urlsOf({ bucket: "media", region: "cn-north-1" });
const r2 = urlsOf({
  bucket: "media",
  endpoint: "https://0123abc.r2.cloudflarestorage.com",
  publicBaseUrl: "https://pub-77.r2.dev",
});
const minio = urlsOf({ bucket: "Media", endpoint: "http://minio.example:9000", profile: "minio" });
const b2 = urlsOf({ bucket: "media", endpoint: "https://s3.us-west-004.backblazeb2.com" });

const V4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600&X-Amz-Signature=0f";

describe("parseUrl", () => {
  it.each([
    ["virtual host", "https://media.s3.eu-west-1.amazonaws.com/a/b.png", "public"],
    [
      "virtual host of another region, where the bucket once was said to be",
      "https://media.s3.us-east-2.amazonaws.com/a/b.png",
      "public",
    ],
    ["legacy region", "https://media.s3-eu-west-1.amazonaws.com/a/b.png", "public"],
    ["protocol-relative", "//media.s3.eu-west-1.amazonaws.com/a/b.png", "public"],
    ["no region", "http://media.s3.amazonaws.com/a/b.png", "public"],
    ["dual stack", "https://media.s3.dualstack.eu-west-1.amazonaws.com/a/b.png", "public"],
    ["FIPS", "https://media.s3-fips.us-gov-west-1.amazonaws.com/a/b.png", "public"],
    ["acceleration", "https://media.s3-accelerate.amazonaws.com/a/b.png", "public"],
    ["acceleration, dual stack", "https://media.s3-accelerate.dualstack.amazonaws.com/a/b.png", "public"],
    ["website", "http://media.s3-website-eu-west-1.amazonaws.com/a/b.png", "public"],
    ["website, newer regions", "http://media.s3-website.eu-central-1.amazonaws.com/a/b.png", "public"],
    ["path style", "https://s3.eu-west-1.amazonaws.com/media/a/b.png", "public"],
    ["path style without region", "https://s3.amazonaws.com/media/a/b.png", "public"],
    ["path style, legacy region", "https://s3-eu-west-1.amazonaws.com/media/a/b.png", "public"],
    ["path style, dual stack", "https://s3.dualstack.eu-west-1.amazonaws.com/media/a/b.png", "public"],
    ["path style, N. Virginia of old", "https://s3-external-1.amazonaws.com/media/a/b.png", "public"],
    ["URI", "s3://media/a/b.png", "s3"],
    ["CDN", "https://cdn.example.com/files/a/b.png", "cdn"],
    ["former CDN", "https://old-cdn.example.com/a/b.png", "cdn"],
    ["host in capitals", "HTTPS://MEDIA.S3.EU-WEST-1.AMAZONAWS.COM/a/b.png", "public"],
    ["default port", "https://media.s3.eu-west-1.amazonaws.com:443/a/b.png", "public"],
    ["signed", `https://media.s3.eu-west-1.amazonaws.com/a/b.png?${V4}`, "signed"],
    ["signed, path style", `https://s3.eu-west-1.amazonaws.com/media/a/b.png?${V4}`, "signed"],
    ["signed through the CDN", `https://cdn.example.com/files/a/b.png?${V4}`, "signed"],
  ])("knows Amazon's form: %s (J06)", (_, url, kind) => {
    expect(amazon.parseUrl(url)).toMatchObject({ bucket: "media", key: "a/b.png", kind });
  });

  it.each([
    ["China", china, "https://media.s3.cn-north-1.amazonaws.com.cn/a/b.png"],
    ["R2's own host", r2, "https://0123abc.r2.cloudflarestorage.com/media/a/b.png"],
    ["R2 by virtual host", r2, "https://media.0123abc.r2.cloudflarestorage.com/a/b.png"],
    ["R2's public host", r2, "https://pub-77.r2.dev/a/b.png"],
    ["B2", b2, "https://media.s3.us-west-004.backblazeb2.com/a/b.png"],
    ["B2, path style", b2, "https://s3.us-west-004.backblazeb2.com/media/a/b.png"],
  ])("knows the form of %s (J06)", (_, urls, url) => {
    expect(urls.parseUrl(url)).toMatchObject({ bucket: "media", key: "a/b.png" });
  });

  it("keeps the case of a bucket in a path, and does not know it in a host", () => {
    expect(minio.parseUrl("http://minio.example:9000/Media/x")).toMatchObject({ bucket: "Media", key: "x" });
    expect(minio.parseUrl("http://MEDIA.minio.example:9000/x")).toMatchObject({ bucket: "Media", key: "x" });
    expect(minio.parseUrl("http://minio.example:9000/media/x")).toBeUndefined();
    expect(minio.parseUrl("s3://media/x")).toBeUndefined();
  });

  it.each([
    "https://media2.s3.eu-west-1.amazonaws.com/a",
    "https://a.media.s3.eu-west-1.amazonaws.com/a",
    "https://mediaXs3.eu-west-1.amazonaws.com/a",
    "https://media.s3.eu-west-1.amazonaws.com.evil.example/a",
    "https://media.s3.cn-north-1.amazonaws.com.cn/a",
    "https://s3.eu-west-1.amazonaws.com/media2/a",
    "https://s3.eu-west-1.amazonaws.com/media",
    "https://s3-accelerate.amazonaws.com/media/a",
    "https://s3.eu-west-1.amazonaws.com:8443/media/a",
    "https://media.s3.eu-west-1.amazonaws.com",
    "https://media.s3.eu-west-1.amazonaws.com/",
    "https://media.ec2.eu-west-1.amazonaws.com/a",
    "https://cdn.example.com/a/b.png",
    "https://cdn.example.com/files2/a",
    "https://user@cdn.example.com/files/a",
    "https://user:pw@media.s3.eu-west-1.amazonaws.com/a",
    "ftp://media.s3.eu-west-1.amazonaws.com/a",
    "/media/a",
    "s3://media2/a",
    "S3:media/a",
    "https://media.s3.eu-west-1.amazonaws.com/a%",
    "https://media.s3.eu-west-1.amazonaws.com/%FF",
    "https://cdn.example.com/files/\ud800",
    "https:///media/a",
    "",
  ])("does not know %s (J03, J05, J07)", (url) => {
    expect(amazon.parseUrl(url)).toBeUndefined();
  });

  it("says when a signed URL ends", () => {
    const base = "https://media.s3.eu-west-1.amazonaws.com/a";
    const ends = (query: string) => amazon.parseUrl(`${base}?${query}`);
    expect(ends(V4)?.expiresAt).toEqual(new Date("2026-01-02T04:04:05Z"));
    expect(ends("AWSAccessKeyId=A&Expires=1700000000&Signature=x")?.expiresAt).toEqual(new Date(1_700_000_000_000));
    expect(ends("X-Amz-Signature=0f&X-Amz-Date=nonsense&X-Amz-Expires=9")).toMatchObject({ kind: "signed" });
    expect(ends("X-Amz-Signature=0f&X-Amz-Date=nonsense&X-Amz-Expires=9")?.expiresAt).toBeUndefined();
    expect(ends("Expires=1700000000&Signature=x")?.kind).toBe("public");
  });

  it("names what a carelessly written URL can mean, likeliest first", () => {
    const base = "https://media.s3.eu-west-1.amazonaws.com";
    // Amazon S3 reads a bare plus as a space.
    expect(amazon.parseUrl(`${base}/a+b`)?.candidates).toEqual(["a b", "a+b"]);
    expect(amazon.parseUrl("https://cdn.example.com/files/a+b")?.candidates).toEqual(["a+b", "a b"]);
    expect(minio.parseUrl("http://minio.example:9000/Media/a+b")?.candidates).toEqual(["a+b", "a b"]);
    expect(amazon.parseUrl(`${base}/a%2520b`)?.candidates).toEqual(["a%20b", "a%2520b", "a b"]);
    expect(amazon.parseUrl(`${base}/a?b=c`)?.candidates).toEqual(["a", "a?b=c"]);
    expect(amazon.parseUrl(`${base}/a#b`)?.candidates).toEqual(["a", "a#b"]);
    expect(amazon.parseUrl(`${base}/a?${V4}`)?.candidates).toEqual(["a"]);
    expect(amazon.parseUrl("s3://media/a%20b c")?.candidates).toEqual(["a%20b c", "a b c"]);
    expect(amazon.parseUrl(`${base}/a%2Bb`)?.candidates).toEqual(["a+b", "a%2Bb"]);
  });

  it("leaves dot segments and double slashes as they are written", () => {
    expect(amazon.parseUrl("https://cdn.example.com/files/a/../b//c/./d")?.key).toBe("a/../b//c/./d");
  });

  it("gives back the key of every public URL, for any key, and never throws on any text (J01)", () => {
    const key = fc.string({
      unit: fc.oneof(
        fc.constantFrom("é", "😀", ..."/.+%&?# =".split("")),
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
      ),
      minLength: 1,
    });
    for (const urls of [amazon, china, r2, minio, b2]) {
      fc.assert(
        fc.property(key, (text) => {
          expect(urls.parseUrl(urls.publicUrl(text))?.candidates[0]).toBe(text);
        }),
      );
      fc.assert(
        fc.property(
          fc.oneof(fc.string({ unit: "binary" }), fc.webUrl({ withFragments: true, withQueryParameters: true })),
          (text) => {
            urls.parseUrl(text);
          },
        ),
      );
    }
  });
});

describe("publicUrl", () => {
  it("is the CDN's where there is one, else the bucket's own", () => {
    expect(amazon.publicUrl("a b/+é.png")).toBe("https://cdn.example.com/files/a%20b/%2B%C3%A9.png");
    expect(china.publicUrl("a")).toBe("https://media.s3.cn-north-1.amazonaws.com.cn/a");
    expect(minio.publicUrl("a?b#c%")).toBe("http://minio.example:9000/Media/a%3Fb%23c%25");
  });
});

describe("the hosts for a prefilter", () => {
  it("hold the host of every URL that is understood", () => {
    expect(amazon.hosts).toEqual([
      "cdn.example.com",
      "old-cdn.example.com",
      "s3.eu-west-1.amazonaws.com",
      "media.s3.eu-west-1.amazonaws.com",
      "media",
      "*.amazonaws.com",
    ]);
    expect(minio.hosts).toEqual(["minio.example:9000", "media.minio.example:9000", "Media"]);
  });
});
