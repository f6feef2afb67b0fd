import { afterEach, expect, test } from "vitest";
import { allKeys, startTarget, type Target } from "./target.ts";

/** What earlier and later servers do otherwise: only the local server can be asked to be one of them. */
let target: Target;
afterEach(() => target.end());

test("a server of 1.11 takes a flat listing for an upload into a bucket of that name", async () => {
  target = await startTarget({ release: "1.11" });
  const bucket = await target.bucket();
  const { status, json } = await target.send("POST", `/object/list-v2/${bucket}`, { json: { limit: 1 } });
  expect(status).toBe(400);
  expect(json).toEqual({
    statusCode: "404",
    error: "Bucket not found",
    message: "Bucket not found",
  });
});

test("errors 4xx of a server before 1.70 have no code; its errors 5xx, and all those of 1.70, have one", async () => {
  for (const [release, code] of [
    ["1.25", undefined],
    ["1.70", "NoSuchKey"],
  ] as const) {
    target = await startTarget({ release });
    const bucket = await target.bucket();
    const { json } = await target.send("GET", `/object/authenticated/${bucket}/a`);
    expect(json).toEqual({ statusCode: "404", error: "not_found", message: "Object not found", ...(code && { code }) });
    target.local?.setFault(() => "InternalError");
    expect((await target.send("GET", `/object/authenticated/${bucket}/a`)).json).toMatchObject({
      code: "InternalError",
    });
    if (release === "1.25") await target.end();
  }
});

test("ranges of files end before 1.70 where they were asked to, and have to begin with a number", async () => {
  target = await startTarget({ release: "1.25" });
  const bucket = await target.bucket();
  await target.put(bucket, "a", "0123456789");
  const get = (range: string) =>
    fetch(`${target.storageUrl}/object/authenticated/${bucket}/a`, {
      headers: { authorization: `Bearer ${target.serviceKey}`, range },
    });
  expect(await (await get("bytes=2-4")).text()).toBe("234");
  expect(await (await get("bytes=7-")).text()).toBe("789");
  const beyond = await get("bytes=7-99");
  expect([beyond.status, beyond.headers.get("content-range"), beyond.headers.get("content-length")]).toEqual([
    206,
    "bytes 7-99/10",
    "93",
  ]);
  await beyond.body?.cancel();
  for (const range of ["bytes=-2", "bytes=10-", "bytes=5-4"]) expect((await get(range)).status).toBe(500);
});

test("copies replace nothing on 1.11, and answer without user metadata on 1.25", async () => {
  const replacement = { metadata: { mimetype: "text/css" }, copyMetadata: false };
  const headers = { "x-upsert": "true", "x-metadata": Buffer.from('{"by":"you"}').toString("base64") };
  for (const [release, type, metadata] of [
    ["1.11", "text/plain", null],
    ["1.25", "text/css", { by: "you" }],
  ] as const) {
    target = await startTarget({ release });
    const bucket = await target.bucket();
    await target.put(bucket, "a");
    for (const destinationKey of ["b", "a"]) {
      const json = { bucketId: bucket, sourceKey: "a", destinationKey, ...replacement };
      const copied = await target.send("POST", "/object/copy", { headers, json });
      expect(copied.status).toBe(200);
      expect(copied.json).not.toHaveProperty("user_metadata");
    }
    const { json } = await target.send("GET", `/object/info/authenticated/${bucket}/b`);
    expect(json).toMatchObject({ content_type: type, metadata });
    if (release === "1.11") await target.end();
  }
});

test("a key that is no token works where the gateway knows it, alone or as its own token, but not beside a bad one", async () => {
  target = await startTarget();
  const bucket = await target.bucket();
  await target.put(bucket, "a");
  const local = target.local;
  const get = (headers: Record<string, string>) =>
    target.send("GET", `/object/authenticated/${bucket}/a`, { key: null, headers });
  const apikey = local?.secretKey ?? "";
  expect((await get({ apikey })).status).toBe(200);
  expect((await get({ apikey, authorization: `Bearer ${apikey}` })).status).toBe(200);
  expect((await get({ apikey, authorization: "Bearer x" })).json).toMatchObject({ code: "AccessDenied" });
  expect((await get({ apikey: "sb_secret_x", authorization: "Bearer sb_secret_x" })).json).toMatchObject({
    code: "AccessDenied",
    message: "Invalid Compact JWS",
  });
  expect((await get({ apikey: local?.publishableKey ?? "" })).json).toMatchObject({ code: "NoSuchKey" });
});

test("a server may mark the version in the id of a resumable upload", async () => {
  target = await startTarget({ versionMark: true });
  const bucket = await target.bucket();
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  const { headers } = await target.send("POST", "/upload/resumable", {
    headers: {
      "tus-resumable": "1.0.0",
      "upload-length": "1",
      "upload-metadata": `bucketName ${encode(bucket)},objectName ${encode("a/b")}`,
    },
  });
  const id = headers.location?.split("/").at(-1) ?? "";
  expect(Buffer.from(id, "base64url").toString()).toMatch(new RegExp(`^${bucket}/a/b-\\$v-[0-9a-f-]{36}$`));
  const patch = { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream" };
  expect((await target.send("PATCH", `/upload/resumable/${id}`, { headers: patch, body: "x" })).status).toBe(204);
  expect((await target.send("GET", `/object/authenticated/${bucket}/a/b`)).text).toBe("x");
});

test("a server of 1.11 describes objects without the time of their last change, and answers copies by a name", async () => {
  target = await startTarget({ release: "1.11" });
  const bucket = await target.bucket();
  await target.put(bucket, "a");
  const info = await target.send("GET", `/object/info/authenticated/${bucket}/a`);
  expect(info.json).not.toHaveProperty("last_modified");
  expect(info.headers["last-modified"]).toBeDefined();
  const copy = { bucketId: bucket, sourceKey: "a", destinationKey: "b" };
  const { json } = await target.send("POST", "/object/copy", { json: copy });
  expect(Object.keys(json).toSorted()).toEqual(["Id", "Key"]);
});

test("a server of 1.80 keeps the content encoding of uploads and forms; one of 1.70 loses it", async () => {
  for (const [release, encoding] of [
    ["1.70", undefined],
    ["1.80", "gzip"],
  ] as const) {
    target = await startTarget({ release });
    const bucket = await target.bucket();
    await target.put(bucket, "a", "hello", { "content-encoding": "gzip" });
    const form = ["--x", 'content-disposition: form-data; name="contentEncoding"', "", "gzip"];
    const file = ["--x", 'content-disposition: form-data; name=""; filename="b"', "", "hello", "--x--", ""];
    await target.send("POST", `/object/${bucket}/b`, {
      headers: { "content-type": "multipart/form-data; boundary=x" },
      body: [...form, ...file].join("\r\n"),
    });
    for (const key of ["a", "b"]) {
      const { text, headers } = await target.send("GET", `/object/authenticated/${bucket}/${key}`);
      expect({ text, encoding: headers["content-encoding"] }).toEqual({ text: "hello", encoding });
    }
    if (release === "1.70") await target.end();
  }
});

test("a server of 1.80 heeds If-Match and If-Unmodified-Since of reads; one of 1.70 ignores them", async () => {
  for (const [release, status] of [
    ["1.70", 200],
    ["1.80", 412],
  ] as const) {
    target = await startTarget({ release });
    const bucket = await target.bucket();
    await target.put(bucket, "a");
    const path = `/object/authenticated/${bucket}/a`;
    const { headers } = await target.send("GET", path);
    const past = "Sat, 01 Jan 2000 00:00:00 GMT";
    const answers = [{ "if-match": '"other"' }, { "if-unmodified-since": past }].map((condition) =>
      target.send("GET", path, { headers: condition }),
    );
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(status);
    const same = { "if-match": headers.etag ?? "", "if-unmodified-since": past };
    expect((await target.send("GET", path, { headers: same })).status).toBe(200);
    if (release === "1.70") await target.end();
  }
});

test("keys of all scripts are taken by a server that is to, but not what S3 advises against, what is invisible, or dots", async () => {
  target = await startTarget({ unicodeKeys: true });
  const bucket = await target.bucket();
  for (const key of ["größe/ä b.txt", "文件", "😀"]) {
    await target.put(bucket, key, key);
    const { text } = await target.send("GET", `/object/authenticated/${bucket}/${encodeURIComponent(key)}`);
    expect(text).toBe(key);
  }
  for (const key of ["a~b", "a#b", "a\u200bb", "soft\u00adhyphen", "a\u2062b", "a/../b", "./a", "ä".repeat(513)]) {
    const { json } = await target.send("POST", `/object/${bucket}/${encodeURIComponent(key)}`, { body: "x" });
    expect(json).toMatchObject({ code: "InvalidKey", statusCode: "400" });
  }
});

test("a decomposed key is stored composed, by an upload, a resumable upload and a copy", async () => {
  target = await startTarget({ unicodeKeys: true });
  const bucket = await target.bucket();
  const composed = ["caf\u00e9", "nai\u0308ve".normalize("NFC"), "\u00e5"];
  const [uploaded = "", resumable = "", copied = ""] = composed.map((key) => key.normalize("NFD"));
  expect(
    (await target.send("POST", `/object/${bucket}/${encodeURIComponent(uploaded)}`, { body: "x" })).json,
  ).toMatchObject({
    Key: `${bucket}/${composed[0]}`,
  });
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  await target.send("POST", "/upload/resumable", {
    headers: {
      "tus-resumable": "1.0.0",
      "upload-length": "0",
      "upload-metadata": `bucketName ${encode(bucket)},objectName ${encode(resumable)}`,
    },
  });
  const copy = { bucketId: bucket, sourceKey: composed[0], destinationKey: copied };
  expect((await target.send("POST", "/object/copy", { json: copy })).json).toMatchObject({
    Key: `${bucket}/${composed[2]}`,
  });
  expect((await allKeys(target, bucket, 10)).toSorted()).toEqual(composed.toSorted());
});

test("a project may limit how many keys one removal takes", async () => {
  target = await startTarget({ removalLimit: 2 });
  const bucket = await target.bucket();
  const { status, json } = await target.send("DELETE", `/object/${bucket}`, { json: { prefixes: ["a", "b", "c"] } });
  expect(status).toBe(400);
  expect(json).toMatchObject({
    statusCode: "400",
    code: "InvalidRequest",
    message: "Bulk object requests are limited to 2 objects per request.",
  });
});
