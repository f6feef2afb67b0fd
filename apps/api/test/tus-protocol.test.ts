import { expect, it } from "vitest";
import { as, type ApiUser } from "./support/api-user.ts";
import { onEveryGround } from "./support/on-every-ground.ts";
import { openWorld, type World } from "./support/world.ts";

const TUS = { "tus-resumable": "1.0.0" };
const PIECE = { ...TUS, "content-type": "application/offset+octet-stream" };
const METADATA = Object.entries({ purpose: "file", filetype: "text/plain", filename: "a.txt" })
  .map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`)
  .join(",");

async function created(user: ApiUser, sizeBytes: number): Promise<string> {
  const headers = { ...TUS, "upload-length": String(sizeBytes), "upload-metadata": METADATA };
  return (await user.send("POST", "/tus", undefined, headers)).headers.get("location") ?? "";
}

async function keyOf({ service }: World, path: string): Promise<string> {
  const { object_key } = await service.db
    .selectFrom("bucketferry_uploads")
    .select("object_key")
    .where("id", "=", path.replace("/tus/", ""))
    .executeTakeFirstOrThrow();
  return object_key;
}

async function contentOf(api: World, user: ApiUser, path: string): Promise<string> {
  return (await user.get(`/files/${await keyOf(api, path)}`)).text();
}

/** Without a Content-Length. */
function inChunks(...texts: readonly string[]): RequestInit {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  return { body, duplex: "half" } as RequestInit;
}

onEveryGround((started) => {
  it("what the tus server refuses by itself is a problem with a code too", async () => {
    const user = await as(started(), "ada");
    const path = await created(user, 10);
    const answers: readonly (readonly [string, number, string, Promise<Response>])[] = [
      ["another offset", 409, "Conflict", user.send("PATCH", path, "abc", { ...PIECE, "upload-offset": "3" })],
      ["no version", 412, "PreconditionFailed", user.send("PATCH", path, "abc", { "upload-offset": "0" })],
      ["no offset", 400, "InvalidRequest", user.send("PATCH", path, "abc", PIECE)],
      ["more", 413, "TooLarge", user.send("PATCH", path, "x".repeat(11), { ...PIECE, "upload-offset": "0" })],
      ["no such upload", 404, "NotFound", user.send("PATCH", "/tus/none", "a", { ...PIECE, "upload-offset": "0" })],
      ["no length", 501, "NotSupported", user.send("POST", "/tus", undefined, { ...TUS, "upload-defer-length": "1" })],
      [
        "more than was announced, in chunks",
        413,
        "TooLarge",
        fetch(`${started().url}${path}`, {
          method: "PATCH",
          headers: { ...PIECE, authorization: user.authorization, "upload-offset": "0" },
          ...inChunks("123456789", "0abc"),
        }),
      ],
    ];
    for (const [what, status, code, promised] of answers) {
      const answer = await promised;
      const contentType = answer.headers.get("content-type");
      const version = answer.headers.get("tus-resumable");
      expect({ what, contentType, version, ...((await answer.json()) as object) }).toMatchObject({
        what,
        contentType: "application/problem+json",
        version: "1.0.0",
        status,
        code,
        instance: expect.stringMatching(/^urn:uuid:/),
      });
    }
  });

  it("a complete upload cannot be terminated: its object is in use", async () => {
    const api = started();
    const user = await as(api, "ada");
    const path = await created(user, 5);
    expect((await user.send("PATCH", path, "hello", { ...PIECE, "upload-offset": "0" })).status).toBe(204);
    const refused = await user.send("DELETE", path, undefined, TUS);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([409, "Conflict"]);
    expect(await contentOf(api, user, path)).toBe("hello");
  });

  it("parts that were stored and never recorded are given back when the upload is complete", async (context) => {
    const api = started();
    const { storage } = api.service;
    if (storage.capabilities.multipart === false) return context.skip("no uploads in parts");
    const user = await as(api, "ada");
    const path = await created(user, 5);
    // What a process leaves that is killed between storing the first piece and saying so.
    const lost = await storage.multipart.create(await keyOf(api, path), { contentType: "text/plain" });
    await storage.multipart.uploadPart(lost, 1, new Uint8Array(1000));
    expect((await user.send("PATCH", path, "hello", { ...PIECE, "upload-offset": "0" })).status).toBe(204);
    expect(await Array.fromAsync(storage.multipart.list({ prefix: lost.key }))).toEqual([]);
    expect(await contentOf(api, user, path)).toBe("hello");
  });

  it("of two that go on with an upload at once, one does, and nothing is mixed", async () => {
    const api = started();
    const user = await as(api, "ada");
    const path = await created(user, 200_000);
    const piece = (letter: string): Promise<Response> =>
      user.send("PATCH", path, letter.repeat(150_000), { ...PIECE, "upload-offset": "0" });
    const statuses = (await Promise.all([piece("a"), piece("b")])).map(({ status }) => status);
    expect(statuses).toContain(204);
    const head = await user.send("HEAD", path, undefined, TUS);
    const offset = Number(head.headers.get("upload-offset"));
    const rest = "c".repeat(200_000 - offset);
    expect((await user.send("PATCH", path, rest, { ...PIECE, "upload-offset": String(offset) })).status).toBe(204);
    expect(await contentOf(api, user, path)).toMatch(/^(a+|b+)c+$/);
  });
});

it("a method that resumable uploads do not have is 405 with those that they have", async () => {
  const world = await openWorld();
  if (world === undefined) throw new Error("The embedded service needs no engine.");
  try {
    const user = await as(world, "ada");
    for (const method of ["GET", "PUT"]) {
      const answer = await user.send(method, "/tus/some", undefined, TUS);
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "OPTIONS, HEAD, POST, PATCH, DELETE"]);
    }
  } finally {
    await world.close();
  }
});

it("a client that asks what resumable uploads offer is told, also where pages of other origins are answered", async () => {
  const world = await openWorld("fs and SQLite", { CORS_ORIGINS: "https://page.example" });
  if (world === undefined) throw new Error("The embedded service needs no engine.");
  try {
    const asked = await fetch(`${world.url}/tus`, { method: "OPTIONS" });
    expect([asked.status, asked.headers.get("tus-version")]).toEqual([204, "1.0.0"]);
    expect(asked.headers.get("tus-extension")).toContain("termination");
    const preflight = await fetch(`${world.url}/tus`, {
      method: "OPTIONS",
      headers: { origin: "https://page.example", "access-control-request-method": "PATCH" },
    });
    expect(preflight.headers.get("access-control-allow-origin")).toBe("https://page.example");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PATCH");
  } finally {
    await world.close();
  }
});
