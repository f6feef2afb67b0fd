import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../src/supabase/web-token.ts";
import { type Answer, encodeKey, type Json, IS_LOCAL, startTarget, type Target } from "./target.ts";

const SECRET = "secret-of-the-checks";
const ALLOWED = "AZaz09_!.*'() &$@=;:+,?-";
let target: Target;
let bucket: string;
let nowMs = Date.now();
beforeAll(async () => {
  target = await startTarget({ jwtSecret: SECRET, clock: () => nowMs });
  bucket = await target.bucket();
  await target.put(bucket, "k", "signed");
});
afterAll(() => target.end());

const sign = (key: string, expiresIn: unknown = 60): Promise<Answer> =>
  target.send("POST", `/object/sign/${bucket}/${key}`, { json: { expiresIn } });
const claimsOf = (token: string): Json =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
const read = (path: string): Promise<Answer> => target.send("GET", path, { key: null });

describe("§12 signed downloads", () => {
  test("the answer is relative, and the token says url, scope and times", async () => {
    const { json, text } = await sign("k");
    const [path, token] = json.signedURL.split("?token=");
    expect(text).toBe(`{"signedURL":"/object/sign/${bucket}/k?token=${token}"}`);
    expect(path).toBe(`/object/sign/${bucket}/k`);
    const claims = claimsOf(token);
    expect(Object.keys(claims)).toEqual(["url", "scope", "iat", "exp"]);
    expect(claims).toMatchObject({ url: `${bucket}/k`, scope: "download" });
    expect(claims.exp - claims.iat).toBe(60);
    expect((await read(json.signedURL)).text).toBe("signed");
  });

  test.runIf(IS_LOCAL)("the header of a token is the bare algorithm", async () => {
    const [header] = (await sign("k")).json.signedURL.split("?token=")[1].split(".");
    expect(Buffer.from(header, "base64url").toString()).toBe('{"alg":"HS256"}');
  });

  test("the URL is not percent-encoded", async () => {
    await target.put(bucket, "a b", "space");
    expect((await sign("a%20b")).json.signedURL).toContain(`/object/sign/${bucket}/a b?token=`);
    const { data } = await target.client.from(bucket).createSignedUrl("a b", 60);
    expect(await (await fetch(data?.signedUrl ?? "")).text()).toBe("space");
  });

  test.each(["+", "&", "=", ";", ":", "@", ",", "$", "?"])(
    "§6.3 an escaped %s stays escaped in the token, so the URL is refused later",
    async (character) => {
      const key = `odd${character}key`;
      await target.put(bucket, key, "odd");
      const { signedURL } = (await sign(encodeKey(key))).json;
      const token = signedURL.split("?token=")[1];
      expect(claimsOf(token).url).toBe(`${bucket}/odd${encodeURIComponent(character)}key`);
      const answer = await read(`/object/sign/${bucket}/${encodeKey(key)}?token=${token}`);
      expect(answer.json).toMatchObject({ code: "InvalidSignature", message: "Invalid signature" });
    },
  );

  test("the batch signs every key of the grammar, in order, with a place for what is missing", async () => {
    await target.put(bucket, ALLOWED, "all");
    const answer = await target.send("POST", `/object/sign/${bucket}`, {
      json: { expiresIn: 60, paths: [ALLOWED, "none", "k", "k"] },
    });
    expect(answer.status).toBe(200);
    expect(answer.json.map((entry: Json) => entry.path)).toEqual([ALLOWED, "none", "k", "k"]);
    expect(answer.json[1]).toEqual({
      error: "Either the object does not exist or you do not have access to it",
      path: "none",
      signedURL: null,
    });
    const token = answer.json[0].signedURL.split("?token=")[1];
    expect((await read(`/object/sign/${bucket}/${encodeKey(ALLOWED)}?token=${token}`)).text).toBe("all");
  });

  test("the batch takes 1,000 paths, and a missing bucket for one without objects", async () => {
    const paths = (count: number): string[] => Array.from({ length: count }, (_, index) => `p${index}`);
    const send = (of: string, count: number): Promise<Answer> =>
      target.send("POST", `/object/sign/${of}`, { json: { expiresIn: 60, paths: paths(count) } });
    expect((await send("no-such-bucket", 1000)).json).toHaveLength(1000);
    expect((await send(bucket, 1001)).json.message).toBe("body/paths must NOT have more than 1000 items");
  });

  test("a missing object or bucket is NoSuchKey", async () => {
    expect((await sign("none")).json.code).toBe("NoSuchKey");
    const other = await target.send("POST", "/object/sign/none/k", { json: { expiresIn: 1 } });
    expect(other.json.code).toBe("NoSuchKey");
  });

  test.each([
    [0, "body/expiresIn must be >= 1"],
    [-1, "body/expiresIn must be >= 1"],
    [1.5, "body/expiresIn must be integer"],
    [undefined, "body must have required property 'expiresIn'"],
    [1e15, "Invalid Parameter expiresIn"],
  ])("expiresIn %j is refused: %s", async (expiresIn, message) => {
    const answer = await target.send("POST", `/object/sign/${bucket}/k`, { json: { expiresIn } });
    expect(answer.json.message).toBe(message);
  });

  test("a hundred years are accepted, and transform is ignored", async () => {
    const json = { expiresIn: 3_153_600_000, transform: { width: 10 } };
    const answer = await target.send("POST", `/object/sign/${bucket}/k`, { json });
    expect((await read(answer.json.signedURL)).text).toBe("signed");
  });

  test("a token for another key, a tampered one and rubbish", async () => {
    await target.put(bucket, "other", "x");
    const token = (await sign("k")).json.signedURL.split("?token=")[1];
    const errorOf = async (path: string): Promise<Json> => (await read(path)).json;
    expect(await errorOf(`/object/sign/${bucket}/other?token=${token}`)).toEqual({
      statusCode: "400",
      error: "InvalidSignature",
      message: "Invalid signature",
      code: "InvalidSignature",
    });
    const [head, , mac] = token.split(".");
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(token), exp: 9e9 })).toString("base64url");
    expect(await errorOf(`/object/sign/${bucket}/k?token=${head}.${forged}.${mac}`)).toEqual({
      statusCode: "400",
      error: "InvalidJWT",
      message: "signature verification failed",
      code: "InvalidJWT",
    });
    expect((await errorOf(`/object/sign/${bucket}/k?token=rubbish`)).message).toBe("Invalid Compact JWS");
  });

  test.runIf(IS_LOCAL)("it ends when its time is over", async () => {
    const { signedURL } = (await sign("k", 60)).json;
    nowMs += 59_000;
    expect((await read(signedURL)).status).toBe(200);
    nowMs += 2_000;
    expect((await read(signedURL)).json).toMatchObject({
      code: "InvalidJWT",
      message: '"exp" claim timestamp check failed',
    });
  });

  test.runIf(IS_LOCAL)("tokens of older servers have no scope, and one without an end has none", async () => {
    const token = signToken({ url: `${bucket}/k` }, SECRET);
    const answer = await read(`/object/sign/${bucket}/k?token=${token}`);
    expect([answer.text, answer.headers["cache-control"]]).toEqual(["signed", "no-cache"]);
    const upload = signToken({ url: `${bucket}/k`, upsert: false }, SECRET);
    expect((await read(`/object/sign/${bucket}/k?token=${upload}`)).json.code).toBe("InvalidSignature");
  });

  test("overwriting keeps the URL alive, removing ends it, range and download work", async () => {
    await target.put(bucket, "changing", "one");
    const { signedURL } = (await sign("changing")).json;
    await target.put(bucket, "changing", "two");
    expect((await read(signedURL)).text).toBe("two");
    const part = await target.send("GET", `${signedURL}&download=f.txt`, {
      key: null,
      headers: { range: "bytes=0-0" },
    });
    expect([part.status, part.text]).toEqual([206, "t"]);
    expect(part.headers["content-disposition"]).toBe("attachment; filename=f.txt; filename*=UTF-8''f.txt");
    await target.client.from(bucket).remove(["changing"]);
    expect((await read(signedURL)).json.code).toBe("NoSuchKey");
  });

  test("trap 14: the client's download option encodes a name twice", async () => {
    const { data } = await target.client.from(bucket).createSignedUrl("k", 60, { download: "ä.txt" });
    expect(data?.signedUrl).toContain("%25C3%25A4");
  });
});

describe("§12 signed uploads", () => {
  const signUpload = (key: string, headers = {}, of = bucket): Promise<Answer> =>
    target.send("POST", `/object/upload/sign/${of}/${key}`, { headers });
  const put = (url: string, body: string, headers = {}): Promise<Answer> =>
    target.send("PUT", url, { key: null, body, headers });

  test("the token says url, upsert, scope and times; the answer of the upload has no id", async () => {
    const { json } = await signUpload("u1");
    expect(Object.keys(json)).toEqual(["url", "token"]);
    expect(json.url).toBe(`/object/upload/sign/${bucket}/u1?token=${json.token}`);
    const claims = claimsOf(json.token);
    expect(Object.keys(claims)).toEqual(["url", "upsert", "scope", "iat", "exp"]);
    expect(claims).toMatchObject({ url: `${bucket}/u1`, upsert: false, scope: "upload" });
    expect((await put(json.url, "by token", { "content-type": "text/x" })).json).toEqual({ Key: `${bucket}/u1` });
    expect((await target.send("GET", `/object/${bucket}/u1`)).text).toBe("by token");
  });

  test("without upsert it works once, whatever the upload's header says", async () => {
    const { url } = (await signUpload("u2")).json;
    expect((await put(url, "1")).status).toBe(200);
    expect((await put(url, "2", { "x-upsert": "true" })).json.code).toBe("KeyAlreadyExists");
    expect((await signUpload("u2")).json.code).toBe("KeyAlreadyExists");
  });

  test("with upsert it works until it ends", async () => {
    const { url } = (await signUpload("u3", { "x-upsert": "true" })).json;
    expect((await put(url, "1")).status).toBe(200);
    expect((await put(url, "2")).status).toBe(200);
    expect((await signUpload("u3", { "x-upsert": "true" })).status).toBe(200);
  });

  test.runIf(IS_LOCAL)("its lifetime is the server's", async () => {
    const { url } = (await signUpload("u4")).json;
    nowMs += 61_000;
    expect((await put(url, "x")).json.code).toBe("InvalidJWT");
  });

  test("a missing bucket is a 404 InvalidRequest; the key is only checked by the upload", async () => {
    expect((await signUpload("k", {}, "none")).json).toMatchObject({ statusCode: "404", code: "InvalidRequest" });
    const odd = await signUpload("bad~key");
    expect(odd.status).toBe(200);
    expect((await put(odd.json.url, "x")).json.code).toBe("InvalidKey");
  });

  test("a token for downloads, or for another key, does not upload", async () => {
    const download = (await sign("k")).json.signedURL.split("?token=")[1];
    expect((await put(`/object/upload/sign/${bucket}/k?token=${download}`, "x")).json).toMatchObject({
      code: "InvalidSignature",
      message: "Token is not scoped for upload",
    });
    const { token } = (await signUpload("u5")).json;
    expect((await put(`/object/upload/sign/${bucket}/u6?token=${token}`, "x")).json.message).toBe("Invalid signature");
  });

  test("the bucket's limits hold", async () => {
    const small = await target.bucket({ fileSizeLimit: 1 });
    const { url } = (await signUpload("k", {}, small)).json;
    expect((await put(url, "xx")).json.code).toBe("EntityTooLarge");
  });

  test("§6.3 with a question mark in the key the client finds no token, but the answer has one", async () => {
    const { error } = await target.client.from(bucket).createSignedUploadUrl("what%3F");
    expect(error?.message ?? "").toContain("No token");
    const { token } = (await signUpload("what%3F")).json;
    expect((await put(`/object/upload/sign/${bucket}/what%3F?token=${token}`, "x")).json.Key).toBe(`${bucket}/what?`);
  });

  test("the client uploads with it, by body and by form", async () => {
    const { data } = await target.client.from(bucket).createSignedUploadUrl("u7", { upsert: true });
    const token = data?.token ?? "";
    const body = await target.client.from(bucket).uploadToSignedUrl("u7", token, Buffer.from("x"));
    expect(body.data).toEqual({ path: "u7", fullPath: `${bucket}/u7` });
    const form = await target.client.from(bucket).uploadToSignedUrl("u7", token, new Blob(["form"]));
    expect(form.error).toBeNull();
    expect((await target.send("GET", `/object/${bucket}/u7`)).text).toBe("form");
  });
});
