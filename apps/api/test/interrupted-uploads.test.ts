import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { as, bytesOf, keysOf, openNotes, sha256, type ApiUser } from "./support/api-user.ts";
import { cutUpload } from "./support/cut-upload.ts";
import { wav } from "./support/wav.ts";
import { openWorld, type World } from "./support/world.ts";

const UPLOADS = 500;
const LECTURES = 50;
/** Connections that a pool may keep: far fewer than were cut. */
const FEW = 50;
const SETTLED = { timeout: 60_000, interval: 250 };
/** 64 KiB: longer than a socket takes at once, so that a cut comes while it is sent. */
const AUDIO = wav(4);

describe.each(["fs and SQLite", "S3 and Postgres"] as const)("many uploads at once, a third cut, on %s", (ground) => {
  let world: World | undefined;
  beforeAll(async () => {
    world = await openWorld(ground, { KEEP_ALIVE_SECONDS: "2" });
  });
  afterAll(() => world?.close());

  it("leave objects only where a row has them, no connection, and a service that answered throughout", async (context) => {
    if (world === undefined) return context.skip(`no engine for ${ground}`);
    const api = world;
    const user = await as(api, "ada");
    const lectures = await Promise.all(Array.from({ length: LECTURES }, (_, i) => user.lecture(`Crowd ${i}`)));
    const listened = await user.lecture("Listened to");
    expect((await user.upload(listened.id, AUDIO)).status).toBe(201);

    const socketsBefore = openSockets();
    const uploading = { isOver: false };
    const listener = listen(api, user, listened.id, uploading);
    const answers = await Promise.all(
      Array.from({ length: UPLOADS }, async (_, i) => {
        const id = lectures[i % LECTURES]?.id ?? "";
        if (i % 3 === 0) return cutUpload(half(api, user, id, AUDIO));
        const answer = await user.upload(id, AUDIO);
        await answer.arrayBuffer();
        return answer.status;
      }),
    );
    uploading.isOver = true;
    const whole = answers.filter((status) => status !== "cut");
    expect(whole).toHaveLength(UPLOADS - Math.ceil(UPLOADS / 3));
    // Of two for one lecture that end at the same moment, one is told so.
    expect(whole.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    expect(await listener).toBeGreaterThan(0);

    // What was cut is known to the service, and at an end.
    await vi.waitFor(
      async () => expect((await api.service.metrics.page()).text).toMatch(/^http_server_active_requests 0$/m),
      SETTLED,
    );
    // Every object is a row's, and no note is left of one that is due.
    const rows = api.service.db.selectFrom("lectures").select("audio_key").where("audio_key", "is not", null);
    await vi.waitFor(async () => {
      expect(await openNotes(api)).toEqual([]);
      const needed = new Set((await rows.execute()).map(({ audio_key }) => audio_key));
      expect(new Set<string | null>(await keysOf(api, "audio/"))).toEqual(needed);
    }, SETTLED);
    const { capabilities, multipart } = api.service.storage;
    expect(capabilities.multipart === false ? [] : await Array.fromAsync(multipart.list())).toEqual([]);
    expect(temporaryFiles(api)).toEqual([]);
    // Both ends are in this process. What clients keep for their next request is closed after a while, too.
    await vi.waitFor(() => expect(openSockets()).toBeLessThan(socketsBefore + FEW), SETTLED);
  }, 240_000);
});

/** Half of an upload. */
function half(
  { url }: World,
  { authorization }: ApiUser,
  lectureId: string,
  audio: Uint8Array,
): Parameters<typeof cutUpload>[0] {
  const { byteLength } = audio;
  return {
    url,
    path: `/lectures/${lectureId}/upload-audio`,
    headers: { authorization, "content-type": "audio/wav" },
    sizeBytes: byteLength,
    sent: audio.subarray(0, byteLength / 2),
  };
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

/** Asks for readiness and plays a lecture until the uploads are over; answers how often. */
async function listen(api: World, user: ApiUser, lectureId: string, uploading: { isOver: boolean }): Promise<number> {
  let rounds = 0;
  while (!uploading.isOver) {
    const ready = await fetch(`${api.url}/health/ready`);
    expect([ready.status, await ready.text()]).toEqual([200, expect.any(String)]);
    const audio = await user.get(`/lectures/${lectureId}/audio`);
    expect(sha256(await bytesOf(audio))).toBe(sha256(AUDIO));
    rounds++;
  }
  return rounds;
}

/** 24 MiB: half of it is more than two parts of a multipart upload on S3, and more than one request of the tus protocol. */
const LARGE = wav(24 * 64);

describe.each(["S3 and Postgres", "Supabase and SQLite"] as const)("large uploads that are cut, on %s", (ground) => {
  let world: World | undefined;
  beforeAll(async () => {
    world = await openWorld(ground);
  });
  afterAll(() => world?.close());

  it("leave nothing at the provider: no object, no open upload, no note", async (context) => {
    if (world === undefined) return context.skip(`no engine for ${ground}`);
    const api = world;
    const user = await as(api, "ada");
    const lecture = await user.lecture("Cut");
    for (let upload = 0; upload < 3; upload++) await cutUpload(half(api, user, lecture.id, LARGE));
    const { storage, db, metrics } = api.service;
    await vi.waitFor(async () => {
      expect((await metrics.page()).text).toMatch(/^http_server_active_requests 0$/m);
      expect(await openNotes(api)).toEqual([]);
      expect(await keysOf(api, "")).toEqual([]);
      expect(storage.capabilities.multipart === false ? [] : await Array.fromAsync(storage.multipart.list())).toEqual(
        [],
      );
    }, SETTLED);
    expect(await db.selectFrom("bucketferry_jobs").selectAll().execute()).toEqual([]);
    // The same upload whole goes through after all.
    expect((await user.upload(lecture.id, LARGE)).status).toBe(201);
    expect(await keysOf(api, "audio/")).toHaveLength(1);
  }, 120_000);
});

/** What the folder's provider has not finished; elsewhere there are no files. */
function temporaryFiles({ service: { config, storage } }: World): string[] {
  if (storage.name !== "fs" || config.storageConfigFile === undefined) return [];
  const { directory } = JSON.parse(readFileSync(config.storageConfigFile, "utf8")) as { directory: string };
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files.filter((entry) => entry.isFile() && entry.parentPath.endsWith("/tmp")).map(({ name }) => name);
}
