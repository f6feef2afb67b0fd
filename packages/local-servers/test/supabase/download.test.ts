import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, ON_FILE_BACKEND, IS_LOCAL, startTarget, type Target } from "./target.ts";

const TEXT = "0123456789";
const ETAG = `"${createHash("md5").update(TEXT).digest("hex")}"`;

let target: Target;
let bucket: string;
let token: string;
beforeAll(async () => {
  target = await startTarget();
  bucket = await target.bucket({ public: true });
  await target.put(bucket, "ten", TEXT, { "cache-control": "max-age=60" });
  await target.put(bucket, "empty", "");
  const signed = await target.send("POST", `/object/sign/${bucket}/ten`, { json: { expiresIn: 600 } });
  token = signed.json.signedURL.split("token=")[1];
});
afterAll(() => target.end());

const get = (headers: Record<string, string> = {}, key = "ten"): Promise<Answer> =>
  target.send("GET", `/object/authenticated/${bucket}/${key}`, { headers });

const ROUTES = ["", "authenticated/", "public/", "sign/"] as const;
const pathOf = (route: string): string => `/object/${route}${bucket}/ten${route === "sign/" ? `?token=${token}` : ""}`;

describe("§8 download", () => {
  test.runIf(ON_FILE_BACKEND)("the headers of a 200", async () => {
    const { status, headers, text } = await get();
    expect([status, text]).toEqual([200, TEXT]);
    expect(headers).toMatchObject({
      "accept-ranges": "bytes",
      "content-type": "text/plain",
      etag: ETAG,
      "x-robots-tag": "none",
      "content-length": "10",
      "cache-control": "max-age=60",
    });
    expect(headers["last-modified"]).toMatch(/ GMT$/);
    expect(headers).not.toHaveProperty("content-encoding");
  });

  test.each(ROUTES)("GET and HEAD by /object/%s", async (route) => {
    const key = route === "public/" || route === "sign/" ? null : target.serviceKey;
    const body = await target.send("GET", pathOf(route), { key });
    expect([body.status, body.text]).toEqual([200, TEXT]);
    const head = await target.send("HEAD", pathOf(route), { key });
    expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", "10"]);
    expect(head.headers.etag).toBe(body.headers.etag);
  });

  test("§12 a signed GET has expires instead of cache-control", async () => {
    const { headers } = await target.send("GET", pathOf("sign/"), { key: "ignored" });
    expect(headers).not.toHaveProperty("cache-control");
    const left = (Date.parse(headers.expires ?? "") - Date.now()) / 1000;
    expect(left).toBeGreaterThan(500);
    expect(left).toBeLessThanOrEqual(600);
  });

  test.each([
    ["text/html", "text/plain"],
    ['application/x; note="text/html"', "text/plain"],
    ["image/svg+xml", "image/svg+xml"],
  ])("the stored type %s is served as %s", async (stored, served) => {
    await target.put(bucket, "typed", "x", { "content-type": stored });
    expect((await get({}, "typed")).headers["content-type"]).toBe(served);
    expect((await target.send("GET", `/object/info/${bucket}/typed`)).json.content_type).toBe(stored);
  });

  test.each([
    ["?download", "attachment;"],
    ["?download=", "attachment;"],
    ["?download=r%C3%A4t.txt", "attachment; filename=r%C3%A4t.txt; filename*=UTF-8''r%C3%A4t.txt"],
  ])("%s gives %s", async (query, disposition) => {
    const { headers } = await target.send("GET", `/object/public/${bucket}/ten${query}`, { key: null });
    expect(headers["content-disposition"]).toBe(disposition);
  });

  test("a missing key is NoSuchKey, a missing bucket NoSuchBucket", async () => {
    expect((await get({}, "none")).json.code).toBe("NoSuchKey");
    expect((await target.send("GET", "/object/authenticated/none/k")).json.code).toBe("NoSuchBucket");
  });

  test("a failing HEAD is a 400 without a body", async () => {
    const answer = await target.send("HEAD", `/object/authenticated/${bucket}/none`);
    expect([answer.status, answer.text]).toEqual([400, ""]);
  });
});

describe("§8 ranges", () => {
  test.each([
    ["bytes=0-3", "0123", "bytes 0-3/10"],
    ["bytes=4-", "456789", "bytes 4-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=8-100", "89", "bytes 8-9/10"],
    ["bytes=-100", TEXT, "bytes 0-9/10"],
    ["bytes=0-", TEXT, "bytes 0-9/10"],
  ])("%s is %s", async (range, text, contentRange) => {
    const answer = await get({ range, "if-range": '"other"' });
    expect([answer.status, answer.text, answer.headers["content-range"]]).toEqual([206, text, contentRange]);
    expect(answer.headers["content-length"]).toBe(String(text.length));
  });

  test.runIf(ON_FILE_BACKEND).each(["bytes=0-1,3-4", "lines=1-2", "bytes=5-2", "bytes=10-", "bytes=-0", "bytes=x"])(
    "%s is a 416 without content-range",
    async (range) => {
      const answer = await get({ range });
      expect(answer.status).toBe(416);
      expect(answer.headers).not.toHaveProperty("content-range");
      expect(answer.json).toEqual({
        statusCode: "416",
        error: "invalid_range",
        message: "invalid range provided",
        code: "InvalidRange",
      });
    },
  );

  test.runIf(ON_FILE_BACKEND).each(["bytes=0-0", "bytes=0-", "bytes=-1"])(
    "%s of an empty object is a 416",
    async (range) => {
      expect((await get({ range }, "empty")).status).toBe(416);
    },
  );
});

describe("§8 conditions", () => {
  test.runIf(ON_FILE_BACKEND)(
    "the exact ETag is a 304 with all headers and no content, whatever the range",
    async () => {
      for (const more of [{}, { range: "bytes=0-1" }, { range: "bytes=50-" }] as Record<string, string>[]) {
        const answer = await get({ "if-none-match": ETAG, ...more });
        expect([answer.status, answer.text]).toEqual([304, ""]);
        expect(answer.headers).toMatchObject({ etag: ETAG, "content-length": "0", "cache-control": "max-age=60" });
      }
    },
  );

  test.each([ETAG.slice(1, -1), `W/${ETAG}`, `${ETAG}, "x"`, "*", '"x"'])(
    "If-None-Match %s is no match, and makes the answer stale while revalidating",
    async (value) => {
      const answer = await get({ "if-none-match": value });
      expect(answer.status).toBe(200);
      expect(answer.headers["cache-control"]).toBe("max-age=60, stale-while-revalidate=30");
    },
  );

  test.runIf(ON_FILE_BACKEND)("If-Modified-Since compares with a time finer than Last-Modified", async () => {
    const modified = (await get()).headers["last-modified"] ?? "";
    expect((await get({ "if-modified-since": modified })).status).toBe(200);
    const later = new Date(Date.parse(modified) + 1000).toUTCString();
    expect((await get({ "if-modified-since": later })).status).toBe(304);
  });

  test("If-Match and If-Unmodified-Since are ignored", async () => {
    const headers = { "if-match": '"other"', "if-unmodified-since": new Date(0).toUTCString() };
    expect((await get(headers)).status).toBe(200);
  });

  test("HEAD ignores conditions, but asks to revalidate when the ETag is another", async () => {
    const head = (value: string): Promise<Answer> =>
      target.send("HEAD", `/object/${bucket}/ten`, { headers: { "if-none-match": value } });
    expect((await head('"x"')).headers["cache-control"]).toBe("max-age=60, must-revalidate");
    const same = await head((await get()).headers.etag ?? "");
    expect([same.status, same.headers["cache-control"]]).toEqual([200, "max-age=60"]);
  });

  test("the client makes an error of a 304", async () => {
    const etag = (await get()).headers.etag ?? "";
    const { error } = await target.client.from(bucket).setHeader("if-none-match", etag).download("ten");
    expect(error).toMatchObject({ status: 304 });
  });
});

describe("§9 info", () => {
  test.runIf(ON_FILE_BACKEND)("the record of an object", async () => {
    const metadata = Buffer.from('{"Some-Key":1,"upper_case":{"in-side":2}}').toString("base64");
    await target.put(bucket, "informed", TEXT, { "x-metadata": metadata, "cache-control": "max-age=60" });
    const answer = await target.send("GET", `/object/info/${bucket}/informed`);
    expect(Object.keys(answer.json)).toEqual([
      "id",
      "name",
      "version",
      "bucket_id",
      "size",
      "content_type",
      "cache_control",
      "etag",
      "metadata",
      "last_modified",
      "created_at",
    ]);
    expect(answer.json).toMatchObject({
      name: "informed",
      bucket_id: bucket,
      size: 10,
      content_type: "text/plain",
      cache_control: "max-age=60",
      etag: ETAG,
      metadata: { "Some-Key": 1, upper_case: { "in-side": 2 } },
    });
    expect(answer.headers).toMatchObject({ etag: ETAG, "cache-control": "max-age=60" });
    expect(answer.headers).toHaveProperty("last-modified");
    const { data } = await target.client.from(bucket).info("informed");
    expect(data?.metadata).toEqual({ SomeKey: 1, upperCase: { inSide: 2 } });
  });
});

describe("§13 public and render URLs", () => {
  test("the URL that the client makes up works", async () => {
    await target.put(bucket, "dir/a b+&=;:@,$'()*!", "public");
    const { data } = target.client.from(bucket).getPublicUrl("dir/a b+&=;:@,$'()*!");
    expect(await (await fetch(data.publicUrl)).text()).toBe("public");
  });

  test.runIf(IS_LOCAL)("render routes are unknown where nothing transforms images", async () => {
    const answer = await target.send("GET", `/render/image/public/${bucket}/ten?width=10`, { key: null });
    expect([answer.status, answer.json.code]).toEqual([404, "InvalidRequest"]);
  });

  test.runIf(IS_LOCAL)("a purge of the CDN lacks its configuration", async () => {
    expect((await target.send("DELETE", `/cdn/${bucket}/ten`)).json).toMatchObject({ code: "MissingParameter" });
  });
});
