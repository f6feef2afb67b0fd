import { request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import { Upload } from "tus-js-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, exchange, IS_LOCAL, ON_FILE_BACKEND, startTarget, type Target } from "./target.ts";

let target: Target;
let bucket: string;
beforeAll(async () => {
  target = await startTarget();
  bucket = await target.bucket();
});
afterAll(() => target.end());

const CHUNK = { "content-type": "application/offset+octet-stream" };

function metadataOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`)
    .join(",");
}

interface Create {
  readonly key: string;
  readonly in?: string;
  readonly length?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const create = (options: Create): Promise<Answer> =>
  target.send("POST", "/upload/resumable", {
    headers: {
      "tus-resumable": "1.0.0",
      "upload-metadata": metadataOf({ bucketName: options.in ?? bucket, objectName: options.key, ...options.metadata }),
      ...(options.length === undefined ? {} : { "upload-length": String(options.length) }),
      ...(options.body === undefined ? {} : CHUNK),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: options.body }),
  });

/** A request to the location of an upload. */
const at = (
  location: string | undefined,
  method: string,
  headers: Record<string, string> = {},
  body?: string | Uint8Array,
): Promise<Answer> =>
  exchange(method, location ?? "", {
    headers: {
      authorization: `Bearer ${target.serviceKey}`,
      "tus-resumable": "1.0.0",
      ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
const patch = (location: string | undefined, offset: number, body: string | Uint8Array, more = {}): Promise<Answer> =>
  at(location, "PATCH", { ...CHUNK, "upload-offset": String(offset), ...more }, body);
const infoOf = async (key: string): Promise<Answer["json"]> =>
  (await target.send("GET", `/object/info/${bucket}/${key}`)).json;

describe("§14 resumable uploads", () => {
  test("OPTIONS needs no token and says what is possible", async () => {
    const { status, headers } = await target.send("OPTIONS", "/upload/resumable", { key: null });
    expect(status).toBe(204);
    expect(headers).toMatchObject({
      "tus-version": "1.0.0",
      "tus-extension": "creation,creation-with-upload,creation-defer-length,termination,expiration",
    });
    expect(Number(headers["tus-max-size"])).toBeGreaterThan(0);
  });

  test("create, send in parts, and only then there is an object", async () => {
    const created = await create({
      key: "parts/one",
      length: 10,
      metadata: { contentType: "audio/mp4", cacheControl: "60", metadata: '{"Kept-As":"it is"}' },
    });
    expect(created.status).toBe(201);
    const { location } = created.headers;
    const [base, id] = location?.split("/upload/resumable/") ?? [];
    expect(base).toBe(target.storageUrl);
    expect(Buffer.from(id ?? "", "base64url").toString()).toMatch(new RegExp(`^${bucket}/parts/one/[0-9a-f-]{36}$`));
    const first = await patch(location, 0, "01234");
    expect([first.status, first.headers["upload-offset"], first.headers["tus-complete"]]).toEqual([
      204,
      "5",
      undefined,
    ]);
    expect((await infoOf("parts/one")).code).toBe("NoSuchKey");
    const head = await at(location, "HEAD");
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject({
      "upload-offset": "5",
      "upload-length": "10",
      "cache-control": "no-store",
      "tus-resumable": "1.0.0",
    });
    expect(head.headers["upload-metadata"]).toBe(
      metadataOf({
        bucketName: bucket,
        objectName: "parts/one",
        contentType: "audio/mp4",
        cacheControl: "max-age=60",
        metadata: '{"Kept-As":"it is"}',
      }),
    );
    const last = await patch(location, 5, "56789");
    expect([last.headers["upload-offset"], last.headers["tus-complete"]]).toEqual(["10", "1"]);
    expect(await infoOf("parts/one")).toMatchObject({
      size: 10,
      content_type: "audio/mp4",
      cache_control: "max-age=60",
      metadata: { "Kept-As": "it is" },
    });
    expect((await target.send("GET", `/object/${bucket}/parts/one`)).text).toBe("0123456789");
    expect((await at(location, "HEAD")).headers["upload-offset"]).toBe("10");
  });

  test("with the first bytes in the creation; an empty one is complete at once", async () => {
    const created = await create({ key: "with", length: 4, body: "ab" });
    expect([created.status, created.headers["upload-offset"]]).toEqual([201, "2"]);
    await patch(created.headers.location, 2, "cd");
    expect((await target.send("GET", `/object/${bucket}/with`)).text).toBe("abcd");
    expect((await create({ key: "nothing", length: 0 })).status).toBe(201);
    expect(await infoOf("nothing")).toMatchObject({ size: 0, metadata: null });
  });

  test("the length may be told later", async () => {
    const { headers } = await create({ key: "later", headers: { "upload-defer-length": "1" } });
    await patch(headers.location, 0, "abc");
    expect((await at(headers.location, "HEAD")).headers["upload-defer-length"]).toBe("1");
    const last = await patch(headers.location, 3, "de", { "upload-length": "5" });
    expect(last.headers["tus-complete"]).toBe("1");
    expect((await infoOf("later")).size).toBe(5);
  });

  test.each([
    ["60", "max-age=60"],
    ["-1", "max-age=-1"],
    ["max-age=60", "no-cache"],
    ["private", "no-cache"],
  ])("cacheControl %s is stored as %s", async (cacheControl, stored) => {
    await create({ key: "cached", length: 0, metadata: { cacheControl }, headers: { "x-upsert": "true" } });
    expect((await infoOf("cached")).cache_control).toBe(stored);
  });

  test("without a content type nobody checks it", async () => {
    const strict = await target.bucket({ allowedMimeTypes: ["image/png"] });
    const refused = await create({ key: "k", in: strict, length: 0, metadata: { contentType: "text/plain" } });
    expect([refused.status, refused.text]).toEqual([415, "mime type text/plain is not supported"]);
    expect((await create({ key: "k", in: strict, length: 0 })).status).toBe(201);
    const { json } = await target.send("GET", `/object/info/${strict}/k`);
    expect(json.content_type).toBe("application/octet-stream");
  });

  test("an upsert without metadata keeps the old user metadata", async () => {
    const metadata = Buffer.from('{"old":1}').toString("base64");
    await target.put(bucket, "kept", "x", { "x-metadata": metadata });
    await create({ key: "kept", length: 0, headers: { "x-upsert": "true" } });
    expect(await infoOf("kept")).toMatchObject({ size: 0, metadata: { old: 1 } });
  });

  test("a PATCH at another offset is a conflict", async () => {
    const { headers } = await create({ key: "offset", length: 4, body: "ab" });
    const answer = await patch(headers.location, 0, "ab");
    expect([answer.status, answer.text.trim()]).toEqual([409, "Upload-Offset conflict"]);
  });

  test("more than was announced is refused and not kept", async () => {
    const { headers } = await create({ key: "more", length: 2 });
    const answer = await patch(headers.location, 0, "abc");
    expect([answer.status, answer.text.trim()]).toEqual([413, "upload's size exceeded"]);
    const chunked = await fetch(headers.location ?? "", {
      method: "PATCH",
      headers: {
        ...CHUNK,
        authorization: `Bearer ${target.serviceKey}`,
        "tus-resumable": "1.0.0",
        "upload-offset": "0",
      },
      body: new Blob(["abc"]).stream(),
      duplex: "half",
    } as RequestInit);
    expect(chunked.status).toBe(413);
    expect((await at(headers.location, "HEAD")).headers["upload-offset"]).toBe("0");
  });

  test("the limits of the bucket and of the deployment hold at creation", async () => {
    const small = await target.bucket({ fileSizeLimit: 10 });
    const answer = await create({ key: "k", in: small, length: 11 });
    expect([answer.status, answer.text.trim()]).toEqual([413, "Maximum size exceeded"]);
    expect((await create({ key: "k", in: small, length: 10 })).status).toBe(201);
    expect((await create({ key: "k", length: 1e15 })).status).toBe(413);
  });

  test("an existing key is a conflict at creation, and at every later request without x-upsert", async () => {
    await target.put(bucket, "exists");
    const answer = await create({ key: "exists", length: 1 });
    expect([answer.status, answer.text]).toEqual([409, "The resource already exists"]);

    const { headers } = await create({ key: "overtaken", length: 2 });
    await target.put(bucket, "overtaken", "first");
    expect((await patch(headers.location, 0, "ab")).status).toBe(409);
    expect((await at(headers.location, "DELETE")).status).toBe(409);
    expect((await patch(headers.location, 0, "ab", { "x-upsert": "true" })).status).toBe(204);
    expect((await infoOf("overtaken")).size).toBe(2);
  });

  test("of two uploads of one key the later one loses", async () => {
    const one = await create({ key: "rivals", length: 2, body: "1" });
    const two = await create({ key: "rivals", length: 2, body: "2" });
    expect((await patch(one.headers.location, 1, "1")).status).toBe(204);
    const lost = await patch(two.headers.location, 1, "2");
    expect([lost.status, lost.text]).toEqual([409, "The resource already exists"]);
    expect((await target.send("GET", `/object/${bucket}/rivals`)).text).toBe("11");
  });

  test("DELETE ends an upload, but no finished one", async () => {
    const { headers } = await create({ key: "ended", length: 2 });
    expect((await at(headers.location, "DELETE")).status).toBe(204);
    const gone = await patch(headers.location, 0, "ab");
    expect([gone.status, gone.text.trim()]).toEqual([404, "The file for this url was not found"]);
    const finished = await create({ key: "finished", length: 0 });
    expect((await at(finished.headers.location, "DELETE", { "x-upsert": "true" })).status).toBe(400);
    expect((await infoOf("finished")).size).toBe(0);
  });

  test("what has come counts after the connection is cut, and HEAD waits until that is known", async () => {
    const { location } = (await create({ key: "cut", length: 1_000_000 })).headers;
    const { hostname, port, pathname } = new URL(location ?? "");
    const request = httpRequest({
      method: "PATCH",
      hostname,
      port,
      path: pathname,
      headers: {
        authorization: `Bearer ${target.serviceKey}`,
        "tus-resumable": "1.0.0",
        "upload-offset": "0",
        "content-length": "1000000",
        ...CHUNK,
      },
    });
    request.on("error", () => {});
    await new Promise((resolve) => request.write(Buffer.alloc(300_000, "a"), resolve));
    const head = at(location, "HEAD");
    // Ends the connection behind the bytes, where `destroy` would let the system throw away what is on its way.
    request.socket?.end();
    expect((await head).headers["upload-offset"]).toBe("300000");
    await patch(location, 300_000, Buffer.alloc(700_000, "b"));
    const { text } = await target.send("GET", `/object/${bucket}/cut`);
    expect([text.length, text.indexOf("b")]).toEqual([1_000_000, 300_000]);
  });

  test.each([
    ["the version header is missing", { "tus-resumable": undefined }, 412, "Tus-Resumable Required"],
    ["the metadata is missing", { "upload-metadata": undefined }, 400, "Metadata header is required"],
    [
      "the length is missing",
      { "upload-length": undefined },
      400,
      "Upload-Length or Upload-Defer-Length header required",
    ],
    [
      "the key is bad",
      { "upload-metadata": "bucketName {bucket},objectName YmFkfmtleQ==" },
      400,
      "Invalid key: bad~key",
    ],
    ["there is no bucket name", { "upload-metadata": "objectName aw==" }, 400, "Bucket name invalid"],
    ["the bucket is missing", { "upload-metadata": "bucketName bm9uZQ==,objectName aw==" }, 404, "Bucket not found"],
  ])("plain text with the true status when %s", async (_, change, status, text) => {
    const encodedBucket = Buffer.from(bucket).toString("base64");
    const entries: Record<string, string | undefined> = {
      "tus-resumable": "1.0.0",
      "upload-length": "1",
      "upload-metadata": metadataOf({ bucketName: bucket, objectName: "k" }),
      ...change,
    };
    const headers = Object.fromEntries(
      Object.entries(entries).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value.replace("{bucket}", encodedBucket)]],
      ),
    );
    const answer = await target.send("POST", "/upload/resumable", { headers });
    expect([answer.status, answer.text.trim()]).toEqual([status, text]);
  });

  test("a PATCH needs its own content type", async () => {
    const { location } = (await create({ key: "typed", length: 2 })).headers;
    const other = await at(location, "PATCH", { "upload-offset": "0", "content-type": "text/plain" }, "ab");
    expect([other.status, other.text.trim()]).toEqual([400, "Invalid content-type"]);
    const none = await at(location, "PATCH", { "upload-offset": "0" }, "ab");
    expect([none.status, none.text.trim()]).toEqual([403, "Content-Type header required"]);
  });

  test("a bad token is JSON with HTTP 400, for HEAD as well", async () => {
    const answer = await target.send("POST", "/upload/resumable", { key: "bad" });
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.json)).toEqual(["statusCode", "code", "error", "message"]);
    expect(answer.json).toMatchObject({ statusCode: "403", code: "AccessDenied", message: "Invalid Compact JWS" });
    const { location } = (await create({ key: "headless", length: 2 })).headers;
    expect((await at(location, "HEAD", { authorization: "" })).status).toBe(400);
  });

  test("who may not insert is told in plain text with 403", async () => {
    const answer = await target.send("POST", "/upload/resumable", {
      key: target.anonKey,
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": "1",
        "upload-metadata": metadataOf({ bucketName: bucket, objectName: "denied" }),
      },
    });
    expect([answer.status, answer.text]).toEqual([403, "new row violates row-level security policy"]);
  });

  test.runIf(IS_LOCAL)("the location names the host under which the client came", async () => {
    const created = await create({
      key: "forwarded",
      length: 1,
      headers: { "x-forwarded-host": "ref.supabase.co", "x-forwarded-proto": "https" },
    });
    expect(created.headers.location).toMatch(/^https:\/\/ref\.supabase\.co\/storage\/v1\/upload\/resumable\//);
  });

  test.runIf(ON_FILE_BACKEND)("the bytes of many parts make one MD5", async () => {
    const { location } = (await create({ key: "digest", length: 5 })).headers;
    for (const [offset, byte] of ["h", "e", "l", "l", "o"].entries()) await patch(location, offset, byte);
    expect((await infoOf("digest")).etag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect((await target.send("GET", `/object/${bucket}/digest`, { headers: { range: "bytes=1-3" } })).text).toBe(
      "ell",
    );
  });
});

describe("§14 signed resumable uploads", () => {
  const signed = (token: string | undefined, key: string, body: string): Promise<Answer> =>
    target.send("POST", "/upload/resumable/sign", {
      key: null,
      body,
      headers: {
        ...CHUNK,
        "tus-resumable": "1.0.0",
        "upload-length": String(body.length),
        "upload-metadata": metadataOf({ bucketName: bucket, objectName: key }),
        ...(token === undefined ? {} : { "x-signature": token }),
      },
    });

  test("the token of a signed upload opens them", async () => {
    const { token } = (await target.send("POST", `/object/upload/sign/${bucket}/signed`)).json;
    const answer = await signed(token, "signed", "hello");
    expect(answer.status).toBe(201);
    expect(answer.headers.location).toContain("/upload/resumable/sign/");
    expect((await infoOf("signed")).size).toBe(5);
    const other = await signed(token, "another", "hello");
    expect([other.status, other.text]).toEqual([400, "Invalid signature"]);
  });

  test("without one it is missing", async () => {
    const answer = await signed(undefined, "unsigned", "x");
    expect([answer.status, answer.text]).toEqual([400, "Missing x-signature header"]);
  });
});

describe("§14 with tus-js-client", () => {
  const uploadWith = (
    content: Buffer | Readable,
    options: { readonly key: string; readonly chunkSize: number; readonly deferred?: boolean },
  ): Promise<void> =>
    new Promise((resolve, reject) => {
      const upload = new Upload(content as never, {
        endpoint: `${target.storageUrl}/upload/resumable`,
        headers: { authorization: `Bearer ${target.serviceKey}` },
        metadata: { bucketName: bucket, objectName: options.key, contentType: "audio/mp4", cacheControl: "3600" },
        // The client cannot do both: it waits for an offset that it did not ask for.
        uploadDataDuringCreation: options.deferred !== true,
        chunkSize: options.chunkSize,
        uploadLengthDeferred: options.deferred ?? false,
        retryDelays: [],
        onError: reject,
        onSuccess: () => resolve(),
      });
      upload.start();
    });

  test.each([256 * 1024, 1024 * 1024, 6 * 1024 * 1024])("a chunk size of %i", async (chunkSize) => {
    const content = Buffer.alloc(2_500_000, "tus");
    const key = `client-${chunkSize}`;
    await uploadWith(content, { key, chunkSize });
    const answer = await fetch(`${target.storageUrl}/object/${bucket}/${key}`, {
      headers: { authorization: `Bearer ${target.serviceKey}` },
    });
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
    expect((await infoOf(key)).content_type).toBe("audio/mp4");
  });

  test("a stream of unknown length", async () => {
    const pieces = Array.from({ length: 10 }, () => Buffer.alloc(100_000, "s"));
    await uploadWith(Readable.from(pieces), { key: "client-stream", chunkSize: 300_000, deferred: true });
    expect((await infoOf("client-stream")).size).toBe(1_000_000);
  });
});
