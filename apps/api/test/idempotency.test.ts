import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { as, keysOf } from "./support/api-user.ts";
import { wav } from "./support/wav.ts";
import { openWorld, type World } from "./support/world.ts";

const AUDIO = wav(1);
let world: World;

beforeAll(async () => {
  const opened = await openWorld("fs and SQLite");
  if (opened === undefined) throw new Error("The embedded service needs no engine.");
  world = opened;
});
afterAll(() => world.close());

/** A form as a client makes it: with a boundary that is drawn anew each time. */
function form(boundary: string): { readonly body: Uint8Array<ArrayBuffer>; readonly type: string } {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n`;
  const body = new Uint8Array(Buffer.concat([Buffer.from(head), AUDIO, Buffer.from(`\r\n--${boundary}--\r\n`)]));
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

describe("a request that is sent again with its idempotency key", () => {
  it("is the same one when it is a form, whose boundary is another each time", async () => {
    const user = await as(world, "ada");
    const lecture = await user.lecture("Form");
    const send = (boundary: string): Promise<Response> => {
      const { body, type } = form(boundary);
      return user.send("POST", `/lectures/${lecture.id}/upload-audio`, body, {
        "content-type": type,
        "idempotency-key": "form-once",
      });
    };
    const first = await send("------------------------aaaaaaaaaaaaaaaa");
    const second = await send("------------------------bbbbbbbbbbbbbbbb");
    expect([first.status, second.status, second.headers.get("idempotency-replayed")]).toEqual([201, 201, "true"]);
    expect(await second.json()).toEqual(await first.json());
    expect(await keysOf(world, `audio/${lecture.id}_`)).toHaveLength(1);
  });

  it("gets where the lecture is, as the first one did", async () => {
    const user = await as(world, "ada");
    const create = (): Promise<Response> =>
      user.postJson("/lectures", { title: "Once" }, { "idempotency-key": "lecture-once" });
    const [first, second] = [await create(), await create()];
    expect(second.headers.get("idempotency-replayed")).toBe("true");
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
  });

  it("stores a file whose type is JSON, of more than JSON for the service may have, and tells it from another of its length", async () => {
    const service = await as(world, "service", await world.serviceToken());
    const json = (letter: string) => JSON.stringify({ text: letter.repeat(300 * 1024) });
    const put = (body: string, digest: string): Promise<Response> =>
      service.send("PUT", "/files/data.json", body, {
        "content-type": "application/json",
        "idempotency-key": "json-once",
        "content-digest": digest,
      });
    expect((await put(json("a"), "a")).status).toBe(201);
    expect((await put(json("a"), "a")).headers.get("idempotency-replayed")).toBe("true");
    expect((await put(json("b"), "b")).status).toBe(422);
    const stored = await service.send("GET", "/files/data.json");
    expect(await stored.json()).toEqual(JSON.parse(json("a")));
  });

  it("begins no second direct upload", async () => {
    const user = await as(world, "ada");
    const asked = { purpose: "file", contentType: "text/plain", sizeBytes: 3, fileName: "a.txt" };
    const start = (): Promise<Response> => user.postJson("/uploads", asked, { "idempotency-key": "upload-once" });
    const first = (await (await start()).json()) as { id: string };
    expect(await (await start()).json()).toEqual(first);
    const rows = await world.service.db.selectFrom("bucketferry_uploads").select("id").execute();
    expect(rows).toEqual([{ id: first.id }]);
  });

  it("creates an object that must be new, and is not told that there is one already", async () => {
    const service = await as(world, "service", await world.serviceToken());
    const put = (): Promise<Response> =>
      service.send("PUT", "/files/once.txt", "abc", {
        "content-type": "text/plain",
        "if-none-match": "*",
        "idempotency-key": "file-once",
      });
    const [first, second] = [await put(), await put()];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.headers.get("etag")).toBe(first.headers.get("etag"));
  });

  it("is refused for other bytes of the same length, where their digest is said", async () => {
    const service = await as(world, "service", await world.serviceToken());
    const put = (content: string): Promise<Response> =>
      service.send("PUT", "/files/digest.txt", content, {
        "content-type": "text/plain",
        "idempotency-key": "digest-once",
        "content-digest": `sha-256=:${createHash("sha256").update(content).digest("base64")}:`,
      });
    expect((await put("abc")).status).toBe(201);
    expect((await put("abd")).status).toBe(422);
    expect((await put("abc")).headers.get("idempotency-replayed")).toBe("true");
  });
});
