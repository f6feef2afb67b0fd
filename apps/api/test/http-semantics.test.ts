import { describe, expect, it } from "vitest";
import { objectHeaders } from "../src/objects/object-headers.ts";
import { as, type ApiUser } from "./support/api-user.ts";
import { onEveryGround } from "./support/on-every-ground.ts";
import { wav } from "./support/wav.ts";
import { openWorld, type World } from "./support/world.ts";

const service = async (world: World): Promise<ApiUser> => as(world, "service", await world.serviceToken());
const text = { "content-type": "text/plain" };
const codeOf = async (answer: Response): Promise<unknown> => ((await answer.json()) as { code: unknown }).code;

onEveryGround((started) => {
  it("a part of an object does not take the place of the whole", async () => {
    const user = await service(started());
    const put = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      user.send("PUT", "/files/parts/a.txt", body, { ...text, ...headers });
    expect((await put("the whole of it")).status).toBe(201);
    expect((await put("part", { "content-range": "bytes 4-7/15" })).status).toBe(400);
    expect(await (await user.get("/files/parts/a.txt")).text()).toBe("the whole of it");
    const lecture = await user.lecture("Parts");
    const audio = await user.send("POST", `/lectures/${lecture.id}/upload-audio`, wav(1), {
      "content-type": "audio/wav",
      "content-range": "bytes 0-9/100",
    });
    expect(audio.status).toBe(400);
    const announced = { purpose: "file", contentType: "text/plain", sizeBytes: 4 };
    const { request } = (await (await user.postJson("/uploads", announced)).json()) as { request: { url: string } };
    const content = (extra: Record<string, string>): Promise<Response> =>
      fetch(request.url, { method: "PUT", body: "part", headers: { ...text, ...extra } });
    // Where storage signs requests, it is storage that is asked.
    if (!request.url.startsWith(started().url)) return;
    expect((await content({ "content-range": "bytes 4-7/15" })).status).toBe(400);
    expect((await content({ "content-encoding": "gzip" })).status).toBe(415);
    expect((await content({})).status).toBe(204);
  });

  it("a condition on a write is looked at, or refused: it is never passed over", async () => {
    const user = await service(started());
    const path = "/files/conditions/a.txt";
    const { etag } = (await (await user.send("PUT", path, "one", text)).json()) as { etag: string };
    const old = { "if-unmodified-since": "Sat, 01 Jan 2000 00:00:00 GMT" };
    expect((await user.send("PUT", path, "two", { ...text, ...old })).status).toBe(400);
    expect((await user.send("DELETE", path, undefined, old)).status).toBe(400);
    expect((await user.send("DELETE", path, undefined, { "if-none-match": "*" })).status).toBe(400);
    const { conditionalDelete } = started().service.storage.capabilities;
    const other = await user.send("DELETE", path, undefined, { "if-match": '"another"' });
    expect(other.status).toBe(conditionalDelete ? 412 : 501);
    expect(await (await user.get(path)).text()).toBe("one");
    const same = await user.send("DELETE", path, undefined, { "if-match": `"${etag}"` });
    expect(same.status).toBe(conditionalDelete ? 204 : 501);
  });

  it("a weak ETag is no condition that a write could hold", async () => {
    const user = await service(started());
    const path = "/files/conditions/weak.txt";
    const { etag } = (await (await user.send("PUT", path, "one", text)).json()) as { etag: string };
    const weak = { "if-match": `W/"${etag.replace(/^W\//, "")}"` };
    expect((await user.send("PUT", path, "two", { ...text, ...weak })).status).toBe(412);
    expect((await user.send("DELETE", path, undefined, weak)).status).toBe(412);
    expect(await (await user.get(path)).text()).toBe("one");
  });

  it("a method that a path does not have is 405 with those that it has, and OPTIONS asks for them", async () => {
    const user = await service(started());
    const paths = {
      "/lectures": "GET, HEAD, POST, OPTIONS",
      "/lectures/some": "GET, HEAD, DELETE, OPTIONS",
      "/lectures/some/upload-audio": "POST, OPTIONS",
      "/users/some/profile-image": "GET, HEAD, PUT, DELETE, OPTIONS",
      "/uploads": "POST, OPTIONS",
      "/files": "GET, HEAD, OPTIONS",
      "/files/a/b.txt": "GET, HEAD, PUT, DELETE, OPTIONS",
      "/storage/v1/object/public/b/a.txt": "GET, HEAD, OPTIONS",
      "/health/live": "GET, HEAD, OPTIONS",
      "/metrics": "GET, HEAD, OPTIONS",
      "/openapi.json": "GET, HEAD, OPTIONS",
    };
    for (const [path, allowed] of Object.entries(paths)) {
      const refused = await user.send("PATCH", path);
      expect([path, refused.status, refused.headers.get("allow")]).toEqual([path, 405, allowed]);
      expect(await codeOf(refused)).toBe("MethodNotAllowed");
      const asked = await user.send("OPTIONS", path);
      expect([path, asked.status, asked.headers.get("allow")]).toEqual([path, 204, allowed]);
    }
    const nowhere = await user.send("PATCH", "/nowhere");
    expect([nowhere.status, nowhere.headers.get("allow")]).toEqual([404, null]);
    expect((await user.send("OPTIONS", "/nowhere")).status).toBe(404);
  });

  it("the coding of an object is kept, or refused where storage cannot keep it", async () => {
    const user = await service(started());
    const coded = { "content-type": "image/svg+xml", "content-encoding": "gzip" };
    const answer = await user.send("PUT", "/files/coded/a.svgz", "not really gzip", coded);
    const { contentEncoding } = started().service.storage.capabilities.systemHeaders;
    expect(answer.status).toBe(contentEncoding ? 201 : 501);
    if (!contentEncoding) return;
    const head = await user.send("HEAD", "/files/coded/a.svgz");
    expect(head.headers.get("content-encoding")).toBe("gzip");
  });

  it("audio that comes coded is refused: it would be stored as it comes", async () => {
    const user = await as(started(), "ada");
    const lecture = await user.lecture("Coded");
    const headers = { "content-type": "audio/mpeg", "content-encoding": "br" };
    const answer = await user.send("POST", `/lectures/${lecture.id}/upload-audio`, Buffer.alloc(2000, 7), headers);
    expect([answer.status, answer.headers.get("accept-encoding")]).toEqual([415, "identity"]);
  });

  it("a key with a line break is as good as any other", async () => {
    const api = started();
    const user = await service(api);
    const path = "/files/lines/a%0Ab.txt";
    const isTaken = new RegExp(`^(?:${api.service.storage.capabilities.keys.charset})$`, "u").test("\n");
    const put = await user.send("PUT", path, "two lines", text);
    const got = await user.get(path);
    expect([put.status, got.status]).toEqual(isTaken ? [201, 200] : [400, 400]);
    expect((await got.text()) === "two lines").toBe(isTaken);
  });

  it("U+0000, wherever it comes, is the client's mistake", async () => {
    const user = await as(started(), "ada");
    const { location = "" } = Object.fromEntries(
      (await user.postJson("/lectures", { title: "whole" })).headers.entries(),
    );
    expect(location).toMatch(/^\/lectures\//);
    expect((await user.postJson("/lectures", { title: "a\0b" })).status).toBe(400);
    expect((await user.postJson("/lectures", { title: "half \ud83d" })).status).toBe(400);
    const cursor = Buffer.from(JSON.stringify(["\0", "x"])).toString("base64url");
    expect([200, 400]).toContain((await user.get(`/lectures?cursor=${cursor}`)).status);
    expect([400, 404]).toContain((await user.get("/files/a%00b")).status);
    const base64 = (value: string): string => Buffer.from(value).toString("base64");
    const created = await user.send("POST", "/tus", undefined, {
      "tus-resumable": "1.0.0",
      "upload-length": "5",
      "upload-metadata": `purpose ${base64("file")},filetype ${base64("text/pl\0ain\r\nx: y")}`,
    });
    expect(created.status).toBe(400);
  });
});

describe("on fs and SQLite", () => {
  it("what is no date of HTTP is no condition", async () => {
    const world = await openWorld();
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    try {
      const user = await service(world);
      await user.send("PUT", "/files/a.txt", "x", text);
      const status = async (since: string): Promise<number> =>
        (await user.get("/files/a.txt", { "if-unmodified-since": since })).status;
      expect(await status("5")).toBe(200);
      expect(await status("2000-01-01")).toBe(200);
      expect(await status("Sat, 01 Jan 2000 00:00:00 GMT")).toBe(412);
      expect(await status("Saturday, 01-Jan-00 00:00:00 GMT")).toBe(412);
      expect(await status("Sat Jan  1 00:00:00 2000")).toBe(412);
    } finally {
      await world.close();
    }
  });

  it("an idempotency key tells JSON apart, however its type is written", async () => {
    const world = await openWorld();
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    try {
      const user = await as(world, "ada");
      const create = (title: string): Promise<Response> =>
        user.postJson("/lectures", { title }, { "content-type": "Application/JSON", "idempotency-key": "k" });
      expect((await create("AAAA")).status).toBe(201);
      expect(await codeOf(await create("BBBB"))).toBe("IdempotencyKeyReused");
    } finally {
      await world.close();
    }
  });

  it("every answer 401 says how to do better, and a request's own id is no UUID by being one", async () => {
    const world = await openWorld("fs and SQLite", {
      OLD_BUCKETS: "lecture-audio=audio/:private",
      OLD_JWT_SECRET: "fake-old-secret",
    });
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    try {
      const answer = await fetch(`${world.url}/storage/v1/object/sign/lecture-audio/a.m4a`, {
        headers: { "x-request-id": "my.own" },
      });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
      expect(answer.headers.get("x-request-id")).toBe("my.own");
      expect(await answer.json()).not.toHaveProperty("instance");
    } finally {
      await world.close();
    }
  });

  it("a body of a type that the route does not take is 415, and the document's paths are templates", async () => {
    const world = await openWorld();
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    try {
      const user = await as(world, "ada");
      const answer = await user.send("POST", "/lectures", '{"title":"x"}', text);
      expect([answer.status, await codeOf(answer)]).toEqual([415, "UnsupportedMediaType"]);
      const { paths } = (await (await fetch(`${world.url}/openapi.json`)).json()) as { paths: object };
      expect(Object.keys(paths)).toContain("/files/{key}");
      expect(Object.keys(paths).filter((path) => !/^(\/([\w-]+|\{\w+\}))+$/.test(path))).toEqual([]);
    } finally {
      await world.close();
    }
  });
});

it("several types in one header are none: a browser would take the last, and show what we save", () => {
  const stored = { key: "a", size: 1, etag: "1", lastModified: new Date(0), metadata: {} };
  const headers = objectHeaders({ ...stored, contentType: "audio/mpeg, text/html" }, { cacheControl: "no-store" });
  expect(headers["content-type"]).toBe("application/octet-stream");
  expect(headers["content-disposition"]).toMatch(/^attachment/);
});

it("HEAD of an object that storage gives out itself is redirected to where HEAD is answered", async (context) => {
  const world = await openWorld("S3 and Postgres", { DOWNLOADS: "redirect" });
  if (world === undefined) return context.skip("no engine for S3 and Postgres");
  try {
    const user = await service(world);
    await user.send("PUT", "/files/a.txt", "hello", text);
    // The signature is in the URL: credentials of this service do not go along to another host.
    const { headers } = await fetch(`${world.url}/files/a.txt`, {
      method: "HEAD",
      redirect: "manual",
      headers: { authorization: user.authorization },
    });
    const head = await fetch(headers.get("location") ?? "", { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "5"]);
  } finally {
    await world.close();
  }
});
