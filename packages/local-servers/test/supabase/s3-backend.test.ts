import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, IS_LOCAL, startTarget, type Target } from "./target.ts";

const PART = 1000;
const md5 = (bytes: Uint8Array): Buffer => createHash("md5").update(bytes).digest();
const plain = (text: string): string => `"${md5(Buffer.from(text)).toString("hex")}"`;

let target: Target;
let bucket: string;
let nowMs = Date.now();
beforeAll(async () => {
  target = await startTarget({ backend: "s3", partSizeBytes: PART, clock: () => nowMs });
  bucket = await target.bucket();
});
afterAll(() => target.end());

const etagOf = async (key: string): Promise<string> =>
  (await target.send("GET", `/object/info/${bucket}/${key}`)).json.etag;
const get = (key: string, headers: Record<string, string>): Promise<Answer> =>
  target.send("GET", `/object/${bucket}/${key}`, { headers });

describe("§20 the server over S3", () => {
  test.runIf(IS_LOCAL)("a resumable upload of no bytes is a 404 without a word", async () => {
    const encode = (text: string): string => Buffer.from(text).toString("base64");
    const { status, text } = await target.send("POST", "/upload/resumable", {
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": "0",
        "upload-metadata": `bucketName ${encode(bucket)},objectName ${encode("empty")}`,
      },
    });
    expect([status, text]).toEqual([404, ""]);
  });

  test.runIf(IS_LOCAL)("what fits into one part has the MD5 of its content as ETag", async () => {
    const text = "x".repeat(PART);
    await target.put(bucket, "small", text);
    expect(await etagOf("small")).toBe(plain(text));
  });

  test.runIf(IS_LOCAL)(
    "§16.2 what is larger has a digest of digests, which a move or copy makes a plain one",
    async () => {
      const text = "y".repeat(2 * PART + 1);
      await target.put(bucket, "large", text);
      const digests = [text.slice(0, PART), text.slice(PART, 2 * PART), text.slice(2 * PART)].map((part) =>
        md5(Buffer.from(part)),
      );
      expect(await etagOf("large")).toBe(`"${md5(Buffer.concat(digests)).toString("hex")}-3"`);
      await target.client.from(bucket).copy("large", "large2");
      expect(await etagOf("large2")).toBe(plain(text));
      await target.client.from(bucket).move("large", "large3");
      expect(await etagOf("large3")).toBe(plain(text));
    },
  );

  test.runIf(IS_LOCAL)("a resumable upload has one however small, and says when it will be forgotten", async () => {
    const send = (body: string, key: string): Promise<Answer> =>
      target.send("POST", "/upload/resumable", {
        body,
        headers: {
          "tus-resumable": "1.0.0",
          "content-type": "application/offset+octet-stream",
          "upload-length": "5",
          "upload-metadata": `bucketName ${Buffer.from(bucket).toString("base64")},objectName ${Buffer.from(key).toString("base64")}`,
        },
      });
    await send("hello", "tus");
    expect(await etagOf("tus")).toBe(`"${md5(md5(Buffer.from("hello"))).toString("hex")}-1"`);
    const created = await send("hel", "tus2");
    expect(Date.parse(created.headers["upload-expires"] as string)).toBeGreaterThan(nowMs + 3_000_000);
    nowMs += 3_601_000;
    const { pathname } = new URL(created.headers.location ?? "");
    const path = pathname.replace("/storage/v1", "");
    expect((await target.send("HEAD", path, { headers: { "tus-resumable": "1.0.0" } })).status).toBe(410);
  });

  test.runIf(IS_LOCAL)("a range that cannot be satisfied is a 500", async () => {
    await target.put(bucket, "ten", "0123456789");
    const answer = await get("ten", { range: "bytes=10-" });
    expect([answer.status, answer.json.code]).toEqual([500, "InternalError"]);
    expect((await get("ten", { range: "bytes=0-1" })).text).toBe("01");
  });

  test.runIf(IS_LOCAL)("a 304 is bare", async () => {
    await target.put(bucket, "same", "same");
    const answer = await get("same", { "if-none-match": plain("same") });
    expect(answer.status).toBe(304);
    expect(answer.headers).not.toHaveProperty("etag");
    expect(answer.headers).not.toHaveProperty("cache-control");
  });

  test.runIf(IS_LOCAL)("dot segments are parts of a key like others", async () => {
    for (const key of ["a/../b", "./x", ".."]) {
      expect((await target.send("POST", `/object/${bucket}/${key}`, { body: key })).status).toBe(200);
      expect((await target.send("GET", `/object/${bucket}/${key}`)).text).toBe(key);
    }
  });

  test.runIf(IS_LOCAL)("§6.2 a part of a key may be long, the whole key may not", async () => {
    expect((await target.send("POST", `/object/${bucket}/${"n".repeat(300)}`, { body: "x" })).status).toBe(200);
    const answer = await target.send("POST", `/object/${bucket}/${"n".repeat(1024)}`, { body: "x" });
    expect(answer.json.code).toBe("S3Error");
  });

  test.runIf(IS_LOCAL)("bytes that are gone are a 404 of another shape", async () => {
    await target.put(bucket, "gone", "gone");
    target.local?.loseBytes(bucket, "gone");
    const answer = await get("gone", {});
    expect(answer.status).toBe(400);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.text).toBe(
      '{"error":"Not found","message":"The resource was not found","statusCode":"404","code":"NoSuchKey"}',
    );
  });

  test.runIf(IS_LOCAL)("trap 16: emptyBucket only promises", async () => {
    const own = await target.bucket();
    await target.put(own, "k");
    await target.send("POST", `/bucket/${own}/empty`, { json: {} });
    expect((await target.send("DELETE", `/bucket/${own}`, { json: {} })).json.code).toBe("ResourceNotEmpty");
    await expect
      .poll(async () => (await target.send("DELETE", `/bucket/${own}`, { json: {} })).status, { timeout: 5000 })
      .toBe(200);
  });
});
