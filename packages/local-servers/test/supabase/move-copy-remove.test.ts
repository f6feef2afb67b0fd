import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, startTarget, type Target } from "./target.ts";

let target: Target;
let bucket: string;
beforeAll(async () => {
  target = await startTarget();
  bucket = await target.bucket();
});
afterAll(() => target.end());

const METADATA = { "x-metadata": Buffer.from('{"who":"me"}').toString("base64"), "cache-control": "max-age=5" };
const infoOf = async (key: string, of = bucket): Promise<Answer["json"]> =>
  (await target.send("GET", `/object/info/${of}/${key}`)).json;
const act = (what: "move" | "copy", from: string, to: string, more: object = {}, headers = {}): Promise<Answer> =>
  target.send("POST", `/object/${what}`, {
    json: { bucketId: bucket, sourceKey: from, destinationKey: to, ...more },
    headers,
  });

describe("§11 move", () => {
  test("keeps everything but the version and updated_at", async () => {
    await target.put(bucket, "m1", "moving", METADATA);
    const before = await infoOf("m1");
    expect((await act("move", "m1", "m2")).json).toEqual({ message: "Successfully moved" });
    const after = await infoOf("m2");
    expect(after).toMatchObject({
      id: before.id,
      created_at: before.created_at,
      content_type: "text/plain",
      cache_control: "max-age=5",
      metadata: { who: "me" },
      etag: before.etag,
    });
    expect(after.version).not.toBe(before.version);
    expect((await infoOf("m1")).code).toBe("NoSuchKey");
  });

  test("onto itself does nothing", async () => {
    await target.put(bucket, "m3");
    const before = await infoOf("m3");
    expect((await act("move", "m3", "m3")).status).toBe(200);
    expect(await infoOf("m3")).toEqual(before);
  });

  test("onto an existing key is ResourceAlreadyExists, even with x-upsert", async () => {
    await target.put(bucket, "m4");
    await target.put(bucket, "m5");
    expect((await act("move", "m4", "m5", {}, { "x-upsert": "true" })).json.code).toBe("ResourceAlreadyExists");
  });

  test("a missing source is NoSuchKey, a missing destination bucket a 404 InvalidRequest, a bad key InvalidKey", async () => {
    await target.put(bucket, "m6");
    expect((await act("move", "none", "m7")).json.code).toBe("NoSuchKey");
    expect((await act("move", "m6", "m7", { destinationBucket: "none" })).json).toEqual({
      statusCode: "404",
      error: "InvalidRequest",
      message: "The related resource does not exist",
      code: "InvalidRequest",
    });
    expect((await act("move", "m6", "bad~key")).json.code).toBe("InvalidKey");
  });

  test("trap 5: into another bucket, whose limits nobody looks at", async () => {
    const strict = await target.bucket({ fileSizeLimit: 1, allowedMimeTypes: ["image/png"] });
    await target.put(bucket, "m8", "long text");
    expect((await act("move", "m8", "m8", { destinationBucket: strict })).status).toBe(200);
    expect((await infoOf("m8", strict)).size).toBe(9);
  });
});

describe("§11 copy", () => {
  test("answers with the whole row", async () => {
    await target.put(bucket, "c1", "copied", METADATA);
    const { json } = await act("copy", "c1", "c2");
    expect(Object.keys(json)).toEqual([
      "Key",
      "Id",
      "name",
      "bucket_id",
      "owner",
      "owner_id",
      "version",
      "id",
      "updated_at",
      "created_at",
      "last_accessed_at",
      "metadata",
      "user_metadata",
    ]);
    expect(json).toMatchObject({ Key: `${bucket}/c2`, name: "c2", bucket_id: bucket, user_metadata: { who: "me" } });
    expect(json.id).toBe(json.Id);
    expect(json.metadata).toMatchObject({
      size: 6,
      contentLength: 6,
      mimetype: "text/plain",
      cacheControl: "max-age=5",
      httpStatusCode: 200,
    });
    const { data } = await target.client.from(bucket).copy("c1", "c2b");
    expect(data).toEqual({ path: `${bucket}/c2b` });
  });

  test("onto an existing key needs x-upsert", async () => {
    await target.put(bucket, "c3", "3");
    await target.put(bucket, "c4", "4");
    expect((await act("copy", "c3", "c4")).json.code).toBe("KeyAlreadyExists");
    const before = await infoOf("c4");
    expect((await act("copy", "c3", "c4", {}, { "x-upsert": "true" })).status).toBe(200);
    const after = await infoOf("c4");
    expect([after.id, after.created_at]).toEqual([before.id, before.created_at]);
    expect((await target.send("GET", `/object/${bucket}/c4`)).text).toBe("3");
  });

  test("without metadata: null on a new key, the old one on an existing key, x-metadata replaces", async () => {
    await target.put(bucket, "c5", "5", METADATA);
    await act("copy", "c5", "c6", { copyMetadata: false });
    expect(await infoOf("c6")).toMatchObject({
      metadata: null,
      cache_control: "max-age=5",
      content_type: "text/plain",
    });
    await target.put(bucket, "c7", "7", { "x-metadata": Buffer.from('{"old":1}').toString("base64") });
    await act("copy", "c5", "c7", { copyMetadata: false }, { "x-upsert": "true" });
    expect((await infoOf("c7")).metadata).toEqual({ old: 1 });
    const replacement = Buffer.from('{"new":1}').toString("base64");
    await act("copy", "c5", "c8", { copyMetadata: false }, { "x-metadata": replacement });
    expect((await infoOf("c8")).metadata).toEqual({ new: 1 });
  });

  test("with metadata: headers that the request names too are ignored", async () => {
    await target.put(bucket, "ca", "a", METADATA);
    await act("copy", "ca", "cb", { metadata: { cacheControl: "max-age=99", mimetype: "image/png" } });
    expect(await infoOf("cb")).toMatchObject({ content_type: "text/plain", cache_control: "max-age=5" });
  });

  test("onto itself changes type and cache control without the bytes", async () => {
    await target.put(bucket, "c9", "9", METADATA);
    const metadata = { cacheControl: "max-age=99", mimetype: "image/png" };
    await act("copy", "c9", "c9", { copyMetadata: false, metadata }, { "x-upsert": "true" });
    expect(await infoOf("c9")).toMatchObject({
      content_type: "image/png",
      cache_control: "max-age=99",
      metadata: { who: "me" },
      size: 1,
    });
  });

  test("a missing source or source bucket is NoSuchKey, a missing destination bucket InvalidRequest", async () => {
    await target.put(bucket, "c10");
    expect((await act("copy", "none", "c11")).json.code).toBe("NoSuchKey");
    expect((await act("copy", "c10", "c11", { bucketId: "none" })).json.code).toBe("NoSuchKey");
    expect((await act("copy", "c10", "c11", { destinationBucket: "none" })).json.message).toBe(
      "The related resource does not exist",
    );
    expect((await act("copy", "c10", "bad%key")).json.code).toBe("InvalidKey");
  });

  test("a copy outlives its source", async () => {
    await target.put(bucket, "c12", "kept");
    await act("copy", "c12", "c13");
    await target.client.from(bucket).remove(["c12"]);
    expect((await target.send("GET", `/object/${bucket}/c13`)).text).toBe("kept");
  });
});

describe("§11 remove", () => {
  const remove = (prefixes: unknown, from = bucket): Promise<Answer> =>
    target.send("DELETE", `/object/${from}`, { json: { prefixes } });

  test("takes exact keys, once each, and answers with the rows", async () => {
    await target.put(bucket, "r/1", "one", METADATA);
    await target.put(bucket, "r/2");
    const { json } = await remove(["r/1", "r/1", "r/", "none", "bad~key"]);
    expect(json).toHaveLength(1);
    expect(json[0]).toMatchObject({ name: "r/1", bucket_id: bucket, user_metadata: { who: "me" } });
    expect((await infoOf("r/2")).name).toBe("r/2");
  });

  test("trap 13: of a missing bucket it removes nothing, and that is fine", async () => {
    const answer = await remove(["k"], "no-such-bucket");
    expect([answer.status, answer.json]).toEqual([200, []]);
  });

  test("an empty list, and objects of newer servers, are validation errors", async () => {
    expect((await remove([])).json.message).toBe("body/prefixes must NOT have fewer than 1 items");
    expect((await remove([{ path: "k", versionId: "v" }])).json.message).toBe("body/prefixes/0 must be string");
  });

  test("more than a thousand keys in one request are taken", async () => {
    const answer = await remove(Array.from({ length: 5000 }, (_, index) => `none-${index}`));
    expect([answer.status, answer.json]).toEqual([200, []]);
  });

  test("a single one says so, or NoSuchKey", async () => {
    await target.put(bucket, "r3");
    expect((await target.send("DELETE", `/object/${bucket}/r3`)).json).toEqual({ message: "Successfully deleted" });
    expect((await target.send("DELETE", `/object/${bucket}/r3`)).json.code).toBe("NoSuchKey");
  });
});
