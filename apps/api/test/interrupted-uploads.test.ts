import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { as, bytesOf, keysOf, openNotes, sha256, type ApiUser } from "./support/api-user.ts";
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
  }, 60_000);
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
        if (i % 3 === 0) return cutUpload(api, user, id);
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
    await vi.waitFor(async () => {
      const { text } = await api.service.metrics.page();
      expect(text).toMatch(/^http_server_active_requests 0$/m);
      // Both ends are in this process. What clients keep for their next request is closed after a while, too.
      expect(openSockets()).toBeLessThan(socketsBefore + FEW);
    }, SETTLED);
  }, 240_000);
});

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

/** What the folder's provider has not finished; elsewhere there are no files. */
function temporaryFiles({ service: { config, storage } }: World): string[] {
  if (storage.name !== "fs" || config.storageConfigFile === undefined) return [];
  const { directory } = JSON.parse(readFileSync(config.storageConfigFile, "utf8")) as { directory: string };
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files.filter((entry) => entry.isFile() && entry.parentPath.endsWith("/tmp")).map(({ name }) => name);
}

/** Sends half of an upload, and is gone. */
async function cutUpload({ url }: World, { authorization }: ApiUser, lectureId: string): Promise<"cut"> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const head = [
    `POST /lectures/${lectureId}/upload-audio HTTP/1.1`,
    `host: ${hostname}:${port}`,
    `authorization: ${authorization}`,
    "content-type: audio/wav",
    `content-length: ${AUDIO.byteLength}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.write(AUDIO.subarray(0, AUDIO.byteLength / 2), () => resolve());
  });
  socket.on("error", () => undefined);
  socket.resetAndDestroy();
  return "cut";
}
