import { randomBytes } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { Upload } from "tus-js-client";
import { as, bytesOf, keysOf, openNotes, sha256 } from "./support/api-user.ts";
import { wav } from "./support/wav.ts";
import { onEveryGround } from "./support/on-every-ground.ts";
import { type World } from "./support/world.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const AUDIO = wav(2);
const HELLO = new Uint8Array(Buffer.from("hello"));

interface StartedUpload {
  readonly id: string;
  readonly request: {
    readonly method: "PUT" | "POST";
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly fields?: Record<string, string>;
  };
}

onEveryGround((started) => {
  describe("direct", () => {
    it.each(["PUT", "POST"] as const)(
      "a %s brings the bytes, and completing it gives them to the lecture",
      async (method) => {
        const api = started();
        const user = await as(api, "ada");
        const lecture = await user.lecture("Direct");
        const answer = await user.postJson("/uploads", {
          purpose: "lecture-audio",
          subjectId: lecture.id,
          contentType: "audio/wav",
          sizeBytes: AUDIO.byteLength,
          sha256: sha256(AUDIO),
          method,
        });
        expect(answer.status).toBe(201);
        const upload = (await answer.json()) as StartedUpload;
        expect((await user.postJson(`/uploads/${upload.id}/complete`, {})).status).toBe(409);
        expect((await send(upload, AUDIO)).ok).toBe(true);
        const completed = await user.postJson(`/uploads/${upload.id}/complete`, {});
        expect(completed.status).toBe(200);
        expect(await completed.json()).toMatchObject({
          state: "complete",
          key: expect.stringMatching(new RegExp(`^audio/${lecture.id}_[0-9a-f-]{36}\\.wav$`)),
        });
        expect((await user.postJson(`/uploads/${upload.id}/complete`, {})).status).toBe(200);
        expect(sha256(await bytesOf(await user.get(`/lectures/${lecture.id}/audio`)))).toBe(sha256(AUDIO));
        await vi.waitFor(async () => expect(await user.read(lecture.id)).toMatchObject({ status: "ready" }), 60_000);
      },
    );

    it("content of another size or type is not taken", async () => {
      const api = started();
      const user = await as(api, "ada");
      const lecture = await user.lecture("Other content");
      const start = async (sizeBytes: number, digest?: string): Promise<StartedUpload> =>
        (await (
          await user.postJson("/uploads", {
            purpose: "lecture-audio",
            subjectId: lecture.id,
            contentType: "audio/wav",
            sizeBytes,
            ...(digest === undefined ? {} : { sha256: digest }),
          })
        ).json()) as StartedUpload;
      const larger = await start(AUDIO.byteLength - 1);
      expect((await send(larger, AUDIO)).ok).toBe(false);
      expect((await user.postJson(`/uploads/${larger.id}/complete`, {})).status).toBe(409);

      const other = await start(AUDIO.byteLength, sha256(AUDIO));
      const zeros = new Uint8Array(AUDIO.byteLength);
      const sent = await send(other, zeros);
      // Refused while it is sent, or when it is looked at.
      const refused = sent.ok ? await user.postJson(`/uploads/${other.id}/complete`, {}) : sent;
      expect(refused.status).toBe(422);
      expect(await user.read(lecture.id)).toMatchObject({ status: "empty", audioUrl: null });
      await vi.waitFor(async () => expect(await keysOf(api, `audio/${lecture.id}_`)).toEqual([]), 60_000);
      expect(await keysOf(api, `incoming/${other.id}/`)).toEqual([]);
    });

    it("what the same request sends later changes nothing, nor what is sent while an upload is completed, twice at once", async () => {
      const api = started();
      const user = await as(api, "ada");
      const [agreed, other] = [randomBytes(2000), randomBytes(2000)].map((bytes) => new Uint8Array(bytes)) as [
        Bytes,
        Bytes,
      ];
      for (let round = 0; round < 8; round += 1) {
        const answer = await user.postJson("/uploads", {
          purpose: "file",
          contentType: "application/x-test",
          sizeBytes: agreed.byteLength,
          sha256: sha256(agreed),
        });
        const upload = (await answer.json()) as StartedUpload;
        expect((await send(upload, agreed)).ok).toBe(true);
        const complete = (): Promise<Response> => user.postJson(`/uploads/${upload.id}/complete`, {});
        const [first, second] = await Promise.all([complete(), complete(), send(upload, other)]);
        if (!first.ok && !second.ok) continue;
        await send(upload, other);
        const { key } = (await (await user.get(`/uploads/${upload.id}`)).json()) as { key: string };
        expect(sha256(await bytesOf(await user.get(`/files/${key}`)))).toBe(sha256(agreed));
        await vi.waitFor(
          async () => expect(await keysOf(api, key.slice(0, key.lastIndexOf("/")))).toEqual([key]),
          60_000,
        );
      }
    });

    it("headers that nobody agreed to do not stay with the object", async () => {
      const api = started();
      const user = await as(api, "ada");
      const answer = await user.postJson("/uploads", { purpose: "file", contentType: "text/plain", sizeBytes: 5 });
      const upload = (await answer.json()) as StartedUpload;
      const { request } = upload;
      const coded = request.url.startsWith(api.url) ? {} : { "content-encoding": "gzip" };
      const extra = { "content-disposition": "inline", "content-language": "de", ...coded };
      const sent = await send({ ...upload, request: { ...request, headers: { ...request.headers, ...extra } } }, HELLO);
      expect(sent.ok).toBe(true);
      const completed = (await (await user.postJson(`/uploads/${upload.id}/complete`, {})).json()) as { key: string };
      const info = await api.service.storage.head(completed.key);
      expect(info.contentType).toBe("text/plain");
      expect([info.contentDisposition, info.contentLanguage, info.contentEncoding]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    });

    it("a file of one's own is one's own", async () => {
      const api = started();
      const [ada, eve] = [await as(api, "ada"), await as(api, "eve")];
      const answer = await ada.postJson("/uploads", {
        purpose: "file",
        contentType: "text/plain",
        sizeBytes: 5,
        fileName: "notes (1).txt",
      });
      const upload = (await answer.json()) as StartedUpload;
      expect(upload).toMatchObject({ state: "open", key: null, url: null });
      expect((await send(upload, HELLO)).ok).toBe(true);
      expect((await eve.postJson(`/uploads/${upload.id}/complete`, {})).status).toBe(404);
      const completed = await ada.postJson(`/uploads/${upload.id}/complete`, {});
      expect(completed.status).toBe(200);
      const { key } = (await completed.json()) as { key: string };
      expect(key).toMatch(/^uploads\/[0-9a-f-]{36}\/notes_1_\.txt$/);
      expect(await (await ada.get(`/files/${key}`)).text()).toBe("hello");
      expect((await eve.get(`/files/${key}`)).status).toBe(404);
    });

    it("an upload that is given up leaves nothing", async () => {
      const api = started();
      const user = await as(api, "ada");
      const answer = await user.postJson("/uploads", { purpose: "file", contentType: "text/plain", sizeBytes: 5 });
      const upload = (await answer.json()) as StartedUpload;
      await send(upload, HELLO);
      expect((await user.send("DELETE", `/uploads/${upload.id}`)).status).toBe(204);
      expect((await user.get(`/uploads/${upload.id}`)).status).toBe(404);
      const incoming = `incoming/${upload.id}/`;
      expect(await keysOf(api, incoming)).toEqual([]);
      // Its request may still work. What it brings is deleted once it has expired.
      await send(upload, HELLO);
      await api.service.db
        .updateTable("bucketferry_unneeded_objects")
        .set({ due_at: new Date().toISOString() })
        .where("object_key", "like", `${incoming}%`)
        .execute();
      api.service.background.wake();
      await vi.waitFor(async () => expect(await keysOf(api, incoming)).toEqual([]), 60_000);
    });
  });

  describe("tus", () => {
    const MIB = 1024 * 1024;
    const large = new Uint8Array(Buffer.concat([AUDIO, Buffer.alloc(20 * MIB, 7)]));

    it("an object whose deletion has begun is given to no row", async () => {
      const api = started();
      const user = await as(api, "ada");
      const tus = { "tus-resumable": "1.0.0" };
      const metadata = `purpose ${btoa("file")},filetype ${btoa("text/plain")}`;
      const created = await user.send("POST", "/tus", undefined, {
        ...tus,
        "upload-length": String(HELLO.byteLength),
        "upload-metadata": metadata,
      });
      expect(created.status).toBe(201);
      const id = created.headers.get("location")?.split("/").at(-1) ?? "";
      const { db } = api.service;
      const row = await db.selectFrom("bucketferry_uploads").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
      // As the background work notes it right before it deletes.
      await db
        .updateTable("bucketferry_unneeded_objects")
        .set({ attempts: 1 })
        .where("object_key", "=", row.object_key)
        .execute();
      const refused = await user.send("PATCH", `/tus/${id}`, "hello", {
        ...tus,
        "upload-offset": "0",
        "content-type": "application/offset+octet-stream",
      });
      expect(refused.status).toBe(410);
      expect(await db.selectFrom("bucketferry_uploads").select("state").where("id", "=", id).execute()).toEqual([
        { state: "open" },
      ]);
      expect((await user.send("DELETE", `/tus/${id}`, undefined, tus)).status).toBe(204);
    });

    it("an upload that breaks off goes on where it was, and becomes the lecture's audio", async () => {
      const api = started();
      const user = await as(api, "ada");
      const lecture = await user.lecture("Resumed");
      const offsets: number[] = [];
      let url: string | null = null;
      const first = tusUpload(api, user.authorization, large, { subjectId: lecture.id, filetype: "audio/wav" });
      await new Promise<void>((resolve, reject) => {
        first.options.onError = reject;
        first.options.onChunkComplete = (_size, accepted) => {
          offsets.push(accepted);
          if (accepted < 9 * MIB) return;
          url = first.url;
          void first.abort().then(resolve, reject);
        };
        first.start();
      });
      expect(url).not.toBeNull();
      const second = tusUpload(api, user.authorization, large, {}, url);
      const resumedFrom = await new Promise<number>((resolve, reject) => {
        let from: number | undefined;
        second.options.onError = reject;
        second.options.onChunkComplete = (size, accepted) => {
          from ??= accepted - size;
        };
        second.options.onSuccess = () => resolve(from ?? -1);
        second.start();
      });
      expect(resumedFrom).toBeGreaterThanOrEqual(9 * MIB);
      expect(sha256(await bytesOf(await user.get(`/lectures/${lecture.id}/audio`)))).toBe(sha256(large));
      await vi.waitFor(async () => expect(await keysOf(api, "tus/")).toEqual([]), 60_000);
    });

    it("one request with the whole file is enough, and one that is terminated leaves nothing", async () => {
      const api = started();
      const user = await as(api, "ada");
      const lecture = await user.lecture("Whole");
      const upload = tusUpload(api, user.authorization, AUDIO, { subjectId: lecture.id, filetype: "audio/wav" });
      upload.options.chunkSize = Number.POSITIVE_INFINITY;
      await new Promise<void>((resolve, reject) => {
        upload.options.onError = reject;
        upload.options.onSuccess = () => resolve();
        upload.start();
      });
      expect(sha256(await bytesOf(await user.get(`/lectures/${lecture.id}/audio`)))).toBe(sha256(AUDIO));

      const given = tusUpload(api, user.authorization, large, { subjectId: lecture.id, filetype: "audio/wav" });
      await new Promise<void>((resolve, reject) => {
        given.options.onError = reject;
        given.options.onChunkComplete = () => void given.abort(true).then(resolve, reject);
        given.start();
      });
      await vi.waitFor(async () => expect(await keysOf(api, "tus/")).toEqual([]), 60_000);
      await vi.waitFor(
        async () => expect((await openNotes(api)).filter(({ due_at }) => due_at < soon())).toEqual([]),
        60_000,
      );
      expect((await keysOf(api, `audio/${lecture.id}_`)).length).toBe(1);
    });

    it("is refused before a byte is sent: without purpose, of another's lecture, without credentials", async () => {
      const api = started();
      const [ada, eve] = [await as(api, "ada"), await as(api, "eve")];
      const lecture = await ada.lecture("Refused");
      const create = (authorization: string, metadata: Readonly<Record<string, string>>): Promise<Response> =>
        fetch(`${api.url}/tus`, {
          method: "POST",
          headers: {
            ...(authorization === "" ? {} : { authorization }),
            "tus-resumable": "1.0.0",
            "upload-length": "100",
            "upload-metadata": Object.entries(metadata)
              .map(([name, value]) => `${name} ${Buffer.from(value).toString("base64")}`)
              .join(","),
          },
        });
      const audio = { purpose: "lecture-audio", subjectId: lecture.id, filetype: "audio/wav" };
      expect((await create(ada.authorization, { filetype: "audio/wav" })).status).toBe(400);
      expect((await create(ada.authorization, { ...audio, filetype: "text/html" })).status).toBe(415);
      expect((await create(eve.authorization, audio)).status).toBe(404);
      expect((await create("", audio)).status).toBe(401);
      const created = await create(ada.authorization, audio);
      expect(created.status).toBe(201);
      const location = created.headers.get("location") ?? "";
      expect((await eve.send("HEAD", location, undefined, { "tus-resumable": "1.0.0" })).status).toBe(404);
      expect((await ada.send("DELETE", location, undefined, { "tus-resumable": "1.0.0" })).status).toBe(204);
    });
  });
});

function soon(): string {
  return new Date(Date.now() + 60_000).toISOString();
}

/** Does what the answer to `POST /uploads` asks for, as any client would: the length is what a client sends by itself. */
function send({ request }: StartedUpload, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name !== "content-length"));
  if (request.method === "PUT") return fetch(request.url, { method: "PUT", headers, body: bytes });
  const form = new FormData();
  for (const [name, value] of Object.entries(request.fields ?? {})) form.set(name, value);
  form.set("file", new Blob([bytes], { type: "audio/wav" }), "a.wav");
  return fetch(request.url, { method: "POST", headers: request.headers, body: form });
}

function tusUpload(
  api: World,
  authorization: string,
  bytes: Uint8Array<ArrayBuffer>,
  metadata: Readonly<Record<string, string>>,
  uploadUrl: string | null = null,
): Upload {
  return new Upload(Buffer.from(bytes), {
    endpoint: `${api.url}/tus`,
    uploadUrl,
    chunkSize: 3 * 1024 * 1024,
    retryDelays: null,
    headers: { authorization },
    metadata: { purpose: "lecture-audio", ...metadata },
  });
}
