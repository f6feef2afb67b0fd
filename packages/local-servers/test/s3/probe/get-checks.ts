import { Readable } from "node:stream";
import { equal, ok, refuses, same } from "./assertions.ts";
import { check } from "./check.ts";
import { bytes, get, head, pattern, put, text } from "./objects.ts";

const GROUP = "get";
const HOUR = 60 * 60 * 1000;

export const getChecks = [
  check(GROUP, "HEAD of a missing key is 404, GET is NoSuchKey", async (t) => {
    await refuses(head(t, t.key("missing")), 404, "NotFound");
    await refuses(get(t, t.key("missing")), 404, "NoSuchKey");
  }),
  check(GROUP, "ranges 2-5, 15-, -4 are 206 with a Content-Range", async (t) => {
    await put(t, t.key("k"), "0123456789abcdefghij");
    const ranges = [
      ["bytes=2-5", "2345", "bytes 2-5/20"],
      ["bytes=15-", "fghij", "bytes 15-19/20"],
      ["bytes=-4", "ghij", "bytes 16-19/20"],
      ["bytes=18-500", "ij", "bytes 18-19/20"],
    ] as const;
    for (const [Range, expected, contentRange] of ranges) {
      const answer = await get(t, t.key("k"), { Range });
      equal(answer.$metadata.httpStatusCode, 206);
      equal(answer.ContentRange, contentRange);
      equal(answer.ContentLength, expected.length);
      equal(await answer.Body?.transformToString(), expected);
    }
  }),
  check(GROUP, "a range beyond the end is InvalidRange", async (t) => {
    await put(t, t.key("k"), "0123456789");
    await refuses(get(t, t.key("k"), { Range: "bytes=10-12" }), 416, "InvalidRange");
  }),
  check(GROUP, "a range of an empty object is InvalidRange", async (t) => {
    await put(t, t.key("k"), "");
    await refuses(get(t, t.key("k"), { Range: "bytes=0-0" }), 416, "InvalidRange");
  }),
  check(GROUP, "If-None-Match, If-Match, If-Modified-Since, If-Unmodified-Since", async (t) => {
    const { ETag } = await put(t, t.key("k"), "x");
    await refuses(get(t, t.key("k"), { IfNoneMatch: ETag }), 304);
    await refuses(get(t, t.key("k"), { IfMatch: '"0123456789abcdef0123456789abcdef"' }), 412, "PreconditionFailed");
    await refuses(get(t, t.key("k"), { IfModifiedSince: new Date(Date.now() + HOUR / 2) }), 304);
    await refuses(get(t, t.key("k"), { IfUnmodifiedSince: new Date(Date.now() - HOUR) }), 412, "PreconditionFailed");
    await refuses(head(t, t.key("k"), { IfNoneMatch: ETag }), 304);
    equal(await text(t, t.key("k"), { IfMatch: ETag }), "x");
    equal(await text(t, t.key("k"), { IfModifiedSince: new Date(Date.now() - HOUR) }), "x");
  }),
  check(GROUP, "If-Match decides before If-Unmodified-Since, If-None-Match before If-Modified-Since", async (t) => {
    const { ETag } = await put(t, t.key("k"), "x");
    const past = new Date(Date.now() - HOUR);
    equal(await text(t, t.key("k"), { IfMatch: ETag, IfUnmodifiedSince: past }), "x");
    await refuses(get(t, t.key("k"), { IfNoneMatch: ETag, IfModifiedSince: past }), 304);
  }),
  check(GROUP, "headers are kept: type, cache control, disposition, language, encoding, expires", async (t) => {
    const headers = {
      ContentType: "text/plain; charset=utf-8",
      CacheControl: "public, max-age=60",
      ContentDisposition: "attachment; filename=\"a.txt\"; filename*=UTF-8''%C3%A4.txt",
      ContentLanguage: "de-CH",
      ContentEncoding: "gzip",
    };
    await put(t, t.key("k"), "x", { ...headers, Expires: new Date("2030-01-02T03:04:05Z") });
    const found = await head(t, t.key("k"));
    for (const [name, value] of Object.entries(headers)) equal(found[name as keyof typeof headers], value);
    equal(found.ExpiresString, "Wed, 02 Jan 2030 03:04:05 GMT");
  }),
  check(GROUP, "Content-Encoding of a stream with default checksums has aws-chunked taken out", async (t) => {
    const body = pattern(20_000);
    await put(t, t.key("k"), Readable.from([body]), {
      s3: t.client(),
      ContentLength: body.length,
      ContentEncoding: "gzip",
    });
    equal((await head(t, t.key("k"))).ContentEncoding, "gzip");
    ok((await bytes(t, t.key("k"))).equals(body));
  }),
  check(GROUP, "the SDK's default content type is kept", async (t) => {
    await put(t, t.key("k"), "x");
    equal((await head(t, t.key("k"))).ContentType, "application/octet-stream");
  }),
  check(GROUP, "response-… parameters override headers", async (t) => {
    await put(t, t.key("k"), "x", { ContentType: "text/plain" });
    const answer = await get(t, t.key("k"), {
      ResponseContentDisposition: 'attachment; filename="b.bin"',
      ResponseContentType: "application/x-other",
      ResponseCacheControl: "no-store",
    });
    const { ContentDisposition, ContentType, CacheControl } = answer;
    await answer.Body?.transformToString();
    same(
      { ContentDisposition, ContentType, CacheControl },
      {
        ContentDisposition: 'attachment; filename="b.bin"',
        ContentType: "application/x-other",
        CacheControl: "no-store",
      },
    );
  }),
  check(GROUP, "answers carry a request id", async (t) => {
    const { $metadata } = await put(t, t.key("k"), "x");
    ok(($metadata.requestId ?? "").length > 0);
  }),
];
