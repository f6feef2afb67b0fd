import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFormFile } from "../../src/supabase/form-data.ts";
import { type Answer, ON_FILE_BACKEND, IS_LOCAL, type SendOptions, startTarget, type Target } from "./target.ts";

let target: Target;
let bucket: string;
beforeAll(async () => {
  target = await startTarget();
  bucket = await target.bucket();
});
afterAll(() => target.end());

const upload = (key: string, options: SendOptions, into = bucket): Promise<Answer> =>
  target.send("POST", `/object/${into}/${key}`, options);
const infoOf = async (key: string, of = bucket): Promise<Answer["json"]> =>
  (await target.send("GET", `/object/info/${of}/${key}`)).json;

describe("§7 upload of a raw body", () => {
  test("answers with the full path and an id", async () => {
    const { status, json } = await upload("first", { body: "hello" });
    expect(status).toBe(200);
    expect(json).toEqual({ Key: `${bucket}/first`, Id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test("headers are stored as they are", async () => {
    const headers = { "content-type": "text/plain;charset=latin1", "cache-control": "private, max-age=1" };
    await upload("headers", { headers, body: "x" });
    expect(await infoOf("headers")).toMatchObject({
      content_type: "text/plain;charset=latin1",
      cache_control: "private, max-age=1",
      metadata: {},
    });
  });

  test("without headers the type is application/octet-stream and the cache control no-cache", async () => {
    await upload("bare", { body: "x" });
    expect(await infoOf("bare")).toMatchObject({
      content_type: "application/octet-stream",
      cache_control: "no-cache",
    });
  });

  test.each(["", "nonsense", "text/", "text/plain; charset"])("the type %j cannot be parsed: 415", async (type) => {
    const { json } = await upload("typed", { headers: { "content-type": type }, body: "x" });
    expect(json).toEqual({
      statusCode: "415",
      error: "invalid_mime_type",
      message: "Invalid Content-Type header",
      code: "InvalidMimeType",
    });
  });

  test("content-encoding and content-disposition are lost", async () => {
    const headers = { "content-encoding": "gzip", "content-disposition": "inline", expires: "0" };
    await upload("lost-headers", { headers, body: "x" });
    const answer = await target.send("GET", `/object/${bucket}/lost-headers`);
    expect(answer.headers).not.toHaveProperty("content-encoding");
    expect(answer.headers).not.toHaveProperty("content-disposition");
    expect(answer.headers).not.toHaveProperty("expires");
  });

  test.each([
    [Buffer.from('{"Some-Key":{"deep":[1]},"n":1}').toString("base64"), { "Some-Key": { deep: [1] }, n: 1 }],
    ["%%%", {}],
    [Buffer.from("not json").toString("base64"), {}],
  ])("x-metadata %s is stored as %j", async (value, metadata) => {
    await upload("meta", { headers: { "x-upsert": "true", "x-metadata": value }, body: "x" });
    expect((await infoOf("meta")).metadata).toEqual(metadata);
  });

  test.each(['"text"', "[1]"])(
    "x-metadata that is the JSON %s is InvalidParameter, and nothing is stored",
    async (json) => {
      const headers = { "x-metadata": Buffer.from(json).toString("base64") };
      expect((await upload("meta-bad", { headers, body: "x" })).json).toEqual({
        statusCode: "400",
        error: "InvalidParameter",
        message: "invalid input syntax for type json",
        code: "InvalidParameter",
      });
      expect((await infoOf("meta-bad")).code).toBe("NoSuchKey");
    },
  );

  test("§17 user metadata of 8 KB passes in the header, of 14 KB it is too much for the headers", async () => {
    const ofSize = (bytes: number): Record<string, string> => ({
      "x-upsert": "true",
      "x-metadata": Buffer.from(JSON.stringify({ a: "x".repeat(bytes) })).toString("base64"),
    });
    expect((await upload("meta-long", { headers: ofSize(8_000), body: "x" })).status).toBe(200);
    expect((await upload("meta-long", { headers: ofSize(14_000), body: "x" })).status).toBe(431);
  });

  test("x-robots-tag is checked and given back", async () => {
    const good = await upload("robots", { headers: { "x-robots-tag": "noindex, nofollow" }, body: "x" });
    expect(good.status).toBe(200);
    expect((await target.send("GET", `/object/${bucket}/robots`)).headers["x-robots-tag"]).toBe("noindex, nofollow");
    const bad = await upload("robots2", { headers: { "x-robots-tag": "sing and dance" }, body: "x" });
    expect(bad.json).toMatchObject({ error: "invalid_x_robots_tag", code: "InvalidRequest" });
  });

  test("a second upload is KeyAlreadyExists, and only the exact true upserts", async () => {
    await upload("twice", { body: "1" });
    for (const value of [undefined, "false", "True", "1"]) {
      const headers: Record<string, string> = value === undefined ? {} : { "x-upsert": value };
      expect((await upload("twice", { headers, body: "2" })).json.code).toBe("KeyAlreadyExists");
    }
    expect((await upload("twice", { headers: { "x-upsert": "true" }, body: "3" })).status).toBe(200);
    expect((await target.send("GET", `/object/${bucket}/twice`)).text).toBe("3");
  });

  test("PUT creates and replaces; the id stays, the version changes, created_at stays, user metadata goes", async () => {
    const headers = {
      "content-type": "text/plain",
      "cache-control": "max-age=9",
      "x-metadata": Buffer.from('{"a":1}').toString("base64"),
    };
    await target.send("PUT", `/object/${bucket}/replaced`, { headers, body: "1" });
    const before = await infoOf("replaced");
    await target.send("PUT", `/object/${bucket}/replaced`, { body: "22" });
    const after = await infoOf("replaced");
    expect(after.id).toBe(before.id);
    expect(after.version).not.toBe(before.version);
    expect(after.created_at).toBe(before.created_at);
    expect(after).toMatchObject({
      size: 2,
      metadata: {},
      content_type: "application/octet-stream",
      cache_control: "no-cache",
    });
  });

  test("empty bodies are fine", async () => {
    expect((await upload("empty", { body: "" })).status).toBe(200);
    expect((await upload("empty2", { headers: { "content-length": "0" } })).status).toBe(200);
    expect(await infoOf("empty")).toMatchObject({ size: 0, etag: '"d41d8cd98f00b204e9800998ecf8427e"' });
    expect((await target.send("GET", `/object/${bucket}/empty`)).headers["content-length"]).toBe("0");
  });

  test("a missing bucket is NoSuchBucket", async () => {
    expect((await upload("k", { body: "x" }, "no-such-bucket")).json.code).toBe("NoSuchBucket");
  });

  test("checks come in their order: bucket, type, allowed type, length, key, duplicate", async () => {
    const strict = await target.bucket({ fileSizeLimit: 3, allowedMimeTypes: ["image/png"] });
    await upload("there", { headers: { "content-type": "image/png" }, body: "x" }, strict);
    const codeOf = async (into: string, key: string, type: string, body: string): Promise<string> =>
      (await upload(key, { headers: { "content-type": type }, body }, into)).json.code;
    expect(await codeOf("no-such-bucket", "%7E", "bad", "long body")).toBe("NoSuchBucket");
    const unparsable = await upload("%7E", { headers: { "content-type": "bad" }, body: "long body" }, strict);
    expect(unparsable.json.message).toBe("Invalid Content-Type header");
    expect(await codeOf(strict, "%7E", "text/plain", "long body")).toBe("InvalidMimeType");
    expect(await codeOf(strict, "%7E", "image/png", "long body")).toBe("EntityTooLarge");
    expect(await codeOf(strict, "%7E", "image/png", "x")).toBe("InvalidKey");
    expect(await codeOf(strict, "there", "image/png", "x")).toBe("KeyAlreadyExists");
  });
});

describe("§7 and §17 limits of size", () => {
  test("a declared length above the limit is EntityTooLarge", async () => {
    const small = await target.bucket({ fileSizeLimit: 1024 });
    expect((await upload("k", { body: "x".repeat(1025) }, small)).json).toEqual({
      statusCode: "413",
      error: "Payload too large",
      message: "The object exceeded the maximum allowed size",
      code: "EntityTooLarge",
    });
    expect((await upload("k", { body: "x".repeat(1024) }, small)).status).toBe(200);
  });

  test("trap 5: a chunked body of any length gets in", async () => {
    const small = await target.bucket({ fileSizeLimit: 1024 });
    const stream = Readable.toWeb(Readable.from([Buffer.alloc(5000)])) as ReadableStream;
    const { error } = await target.client.from(small).upload("big", stream, { contentType: "text/plain" });
    expect(error).toBeNull();
    expect((await infoOf("big", small)).size).toBe(5000);
  });

  test("a form is measured while it comes in, and nothing stays of one that is too long", async () => {
    const small = await target.bucket({ fileSizeLimit: 1024 });
    const { error } = await target.client.from(small).upload("form", new Blob(["x".repeat(1025)]));
    expect(error).toMatchObject({ code: "EntityTooLarge" });
    expect((await infoOf("form", small)).code).toBe("NoSuchKey");
    const fits = await target.client.from(small).upload("form", new Blob(["x".repeat(1024)]));
    expect(fits.error).toBeNull();
  });

  test.runIf(IS_LOCAL)("the deployment's limit holds without one of the bucket", async () => {
    const own = await startTarget({ globalFileSizeLimit: 10 });
    const into = await own.bucket();
    expect((await own.send("POST", `/object/${into}/k`, { body: "x".repeat(11) })).json.code).toBe("EntityTooLarge");
    const tooMuch = await own.send("POST", "/bucket", { json: { name: "b", file_size_limit: 11 } });
    expect(tooMuch.json.code).toBe("EntityTooLarge");
    await own.end();
  });

  test("§3.3 an early refusal reaches a client that still sends 20 MB", async () => {
    const body = Buffer.alloc(20_000_000);
    await upload("early", { body: "x" });
    const { error } = await target.client.from(bucket).upload("early", body, { contentType: "text/plain" });
    expect(error).toMatchObject({ code: "KeyAlreadyExists" });
    const form = await target.client.from(bucket).upload("early", new Blob([body]));
    expect(form.error).toMatchObject({ code: "KeyAlreadyExists" });
  });
});

describe("§7 upload by form", () => {
  const CRLF = "\r\n";
  const form = (...parts: readonly (readonly [head: string, content: string])[]): SendOptions => ({
    headers: { "content-type": "multipart/form-data; boundary=b0und" },
    body: `${parts.map(([head, content]) => `--b0und${CRLF}${head}${CRLF}${CRLF}${content}${CRLF}`).join("")}--b0und--${CRLF}`,
  });
  const field = (name: string, value: string): readonly [string, string] => [
    `content-disposition: form-data; name="${name}"`,
    value,
  ];
  const file = (content: string, type = "image/png"): readonly [string, string] => [
    `Content-Disposition: form-data; name="anything"; filename="f.png"${CRLF}Content-Type: ${type}`,
    content,
  ];

  test("the first file part is the content, its fields are in front of it", async () => {
    const answer = await upload(
      "form1",
      form(field("cacheControl", "60"), field("metadata", '{"A-b":1}'), file("picture")),
    );
    expect(answer.json.Key).toBe(`${bucket}/form1`);
    expect(await infoOf("form1")).toMatchObject({
      size: 7,
      content_type: "image/png",
      cache_control: "max-age=60",
      metadata: { "A-b": 1 },
      etag: `"${createHash("md5").update("picture").digest("hex")}"`,
    });
  });

  test("userMetadata is metadata too, contentType overrides, cacheControl is not checked", async () => {
    await upload(
      "form2",
      form(field("userMetadata", '{"b":2}'), field("contentType", "audio/mp4"), field("cacheControl", "x y"), file("")),
    );
    expect(await infoOf("form2")).toMatchObject({
      size: 0,
      metadata: { b: 2 },
      content_type: "audio/mp4",
      cache_control: "max-age=x y",
    });
  });

  test("fields behind the file are not seen", async () => {
    await upload("form3", form(file("x"), field("cacheControl", "60")));
    expect(await infoOf("form3")).toMatchObject({ cache_control: "no-cache", size: 1 });
  });

  test("content may hold whatever looks like a delimiter and is none", async () => {
    const content = `--b0und${CRLF}--b0un${CRLF}-${CRLF}--b0unx`;
    await upload("form4", form(file(content)));
    expect((await target.send("GET", `/object/${bucket}/form4`)).text).toBe(content);
  });

  test("the delimiter is found wherever the network cuts it", async () => {
    const content = `text with ${CRLF}--b0un in it${CRLF}`;
    const { body } = form(field("cacheControl", "60"), file(content));
    const bytes = Buffer.from(String(body));
    for (let size = 1; size <= 40; size += 1) {
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
      };
      const read = await readFormFile("multipart/form-data; boundary=b0und", pieces());
      expect(read?.fields.get("cacheControl")).toBe("60");
      expect((await Readable.from(read?.content ?? []).toArray()).join("")).toBe(content);
    }
  });

  test("a form without a file is refused", async () => {
    expect((await upload("form5", form(field("a", "b")))).json).toEqual({
      statusCode: "400",
      error: "InvalidRequest",
      message: "No content provided",
      code: "InvalidRequest",
    });
  });

  test("ten fields are taken, eleven are not", async () => {
    const fields = (count: number): SendOptions =>
      form(...Array.from({ length: count }, (_, index) => field(`f${index}`, "v")), file("x"));
    expect((await upload("form6", fields(10))).status).toBe(200);
    expect((await upload("form7", fields(11))).json.code).toBe("InvalidRequest");
  });

  test("a form that ends too early stores nothing", async () => {
    const whole = form(file("cut"));
    const answer = await upload("form8", { ...whole, body: String(whole.body).slice(0, -12) });
    expect(answer.status).toBe(400);
    expect((await infoOf("form8")).code).toBe("NoSuchKey");
  });

  test("metadata above 1 MiB is dropped without a word", async () => {
    const metadata = JSON.stringify({ a: "x".repeat(1024 * 1024) });
    expect((await upload("form9", form(field("metadata", metadata), file("x")))).status).toBe(200);
    expect((await infoOf("form9")).metadata).toEqual({});
  });

  test("trap 11: a Blob's own type wins over the option", async () => {
    await target.client.from(bucket).upload("blob", new Blob(["x"], { type: "image/gif" }), { contentType: "a/b" });
    expect((await infoOf("blob")).content_type).toBe("image/gif");
    await target.client.from(bucket).upload("buffer", Buffer.from("x"));
    expect((await infoOf("buffer")).content_type).toBe("text/plain;charset=UTF-8");
  });
});

describe("§7 torn and racing uploads", () => {
  test("a body that is cut short stores nothing and keeps what was there", async () => {
    await target.put(bucket, "torn", "old");
    const { hostname, port, pathname } = new URL(`${target.storageUrl}/object/${bucket}/torn`);
    const request = httpRequest({
      method: "PUT",
      hostname,
      port,
      path: pathname,
      headers: { authorization: `Bearer ${target.serviceKey}`, "content-length": "1000" },
    });
    request.on("error", () => {});
    await new Promise((resolve) => request.write(Buffer.alloc(500), resolve));
    request.destroy();
    expect((await target.send("GET", `/object/${bucket}/torn`)).text).toBe("old");
  });

  test("a stream that fails stores nothing", async () => {
    const failing = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1000));
        controller.error(new Error("the source broke"));
      },
    });
    const { error } = await target.client.from(bucket).upload("failed", failing, { contentType: "text/plain" });
    expect(error?.name).toBe("StorageUnknownError");
    expect((await infoOf("failed")).code).toBe("NoSuchKey");
  });

  test.runIf(ON_FILE_BACKEND)(
    "trap 4: two creates that both looked before either was done both succeed; the last wins",
    async () => {
      const slow = slowUpload(target, bucket, "race", "slow");
      await slow.started;
      expect((await upload("race", { body: "fast" })).status).toBe(200);
      expect(await slow.finish()).toBe(200);
      expect((await target.send("GET", `/object/${bucket}/race`)).text).toBe("slow");
    },
  );

  test.runIf(IS_LOCAL)("createIsAtomic lets one of them win", async () => {
    const atomic = await startTarget({ createIsAtomic: true });
    const into = await atomic.bucket();
    const slow = slowUpload(atomic, into, "race", "slow");
    await slow.started;
    expect((await atomic.send("POST", `/object/${into}/race`, { body: "fast" })).status).toBe(200);
    expect(await slow.finish()).toBe(400);
    expect((await atomic.send("GET", `/object/${into}/race`)).text).toBe("fast");
    await atomic.end();
  });

  test("a reader keeps the version that it opened while it is replaced", async () => {
    const old = Buffer.alloc(8_000_000, "a");
    await target.send("PUT", `/object/${bucket}/read`, { body: old });
    const response = await fetch(`${target.storageUrl}/object/${bucket}/read`, {
      headers: { authorization: `Bearer ${target.serviceKey}` },
    });
    await target.send("PUT", `/object/${bucket}/read`, { body: Buffer.alloc(8_000_000, "b") });
    await target.client.from(bucket).remove(["read"]);
    expect(Buffer.from(await response.arrayBuffer()).equals(old)).toBe(true);
  });
});

/** An upload that has passed all checks, and waits with its last byte. */
function slowUpload(
  to: Target,
  into: string,
  key: string,
  text: string,
): { readonly started: Promise<void>; finish(): Promise<number> } {
  const { hostname, port, pathname } = new URL(`${to.storageUrl}/object/${into}/${key}`);
  const request = httpRequest({
    method: "POST",
    hostname,
    port,
    path: pathname,
    headers: {
      authorization: `Bearer ${to.serviceKey}`,
      "content-length": String(text.length),
      expect: "100-continue",
    },
  });
  const status = new Promise<number>((resolve, reject) => {
    request.on("error", reject);
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  const started = new Promise<void>((resolve) => {
    request.on("continue", () => {
      // The server has run into its wait for the body once it has answered somebody who came later.
      request.write(text.slice(0, -1), () => void to.send("GET", "/status").then(() => resolve()));
    });
    request.flushHeaders();
  });
  return {
    started,
    finish() {
      request.end(text.slice(-1));
      return status;
    },
  };
}
