import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { faultProxy, supabaseServer } from "@bucketferry/local-servers";
import { openSide, parseSide } from "@bucketferry/config";
import Database from "better-sqlite3";
import { pino } from "pino";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runJobs } from "../src/background/run-jobs.ts";
import { migrate, openDatabase } from "../src/database/open-database.ts";
import { metrics } from "../src/observability/metrics.ts";
import { as } from "./support/api-user.ts";
import { serviceProcess, type ServiceProcess } from "./support/service-process.ts";
import { wav } from "./support/wav.ts";
import { openWorld } from "./support/world.ts";

const AUDIO = wav(2);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const end of ends.splice(0).reverse()) await end();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "bucketferry-jobs-"));
  ends.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe("background jobs", () => {
  it("are tried again after ever longer times while storage refuses, and then done", async () => {
    const path = folder();
    const storage = openSide(await parseSide({ adapter: "fs", directory: join(path, "files") }, "test"));
    ends.push(() => storage.close());
    await storage.ensureBucket();
    await storage.put("audio/a.wav", AUDIO, { contentType: "audio/wav" });
    const db = openDatabase(`sqlite:${join(path, "api.db")}`, () => undefined);
    ends.push(() => db.destroy());
    await migrate(db);
    // Only the clock: what the job awaits is real.
    vi.useFakeTimers({ toFake: ["Date"] });
    const now = new Date().toISOString();
    await db
      .insertInto("lectures")
      .values({
        id: "a",
        owner_id: "ada",
        title: "A",
        audio_key: "audio/a.wav",
        status: "processing",
        created_at: now,
        updated_at: now,
      } as never)
      .execute();
    await db
      .insertInto("bucketferry_jobs")
      .values({ kind: "inspect-audio", subject_id: "a", object_key: "audio/a.wav", run_at: now, attempts: 0 })
      .execute();
    const jobs = runJobs({ db, storage, log: pino({ level: "silent" }), metrics: metrics() });
    const step = (): Promise<"more" | "idle"> => jobs.step(new AbortController().signal);

    // A symbolic link in the object's place: storage refuses it, and may not do so for ever.
    const object = join(path, "files/audio/a.wav");
    renameSync(object, `${object}.away`);
    symlinkSync("/nowhere", object);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(await step()).toBe("more");
      const job = await db.selectFrom("bucketferry_jobs").selectAll().executeTakeFirstOrThrow();
      expect(job).toMatchObject({ attempts: attempt, leased_until: null, last_error: "PermissionDenied" });
      // Its time has not come.
      expect(await step()).toBe("idle");
      waits.push(Date.parse(job.run_at) - Date.now());
      vi.setSystemTime(Date.parse(job.run_at));
    }
    expect(waits).toEqual([2_000, 4_000, 8_000]);
    rmSync(object);
    renameSync(`${object}.away`, object);
    expect(await step()).toBe("more");
    expect(await db.selectFrom("bucketferry_jobs").selectAll().execute()).toEqual([]);
    const lecture = await db.selectFrom("lectures").selectAll().executeTakeFirstOrThrow();
    expect(lecture).toMatchObject({ status: "ready", duration_seconds: 2 });
  });

  it("whose process is killed in the middle are done by the next one, when their lease is over", async () => {
    const path = folder();
    const server = await supabaseServer({});
    ends.push(() => server.close());
    const proxy = await faultProxy({ target: new URL(server.url).origin });
    ends.push(() => proxy.close());
    const storage = join(path, "storage.json");
    const side = { adapter: "supabase", url: proxy.url, key: server.serviceKey, bucket: "lectures" };
    writeFileSync(storage, JSON.stringify(side));
    const database = join(path, "api.db");
    const environment = { STORAGE_CONFIG: storage, DATABASE_URL: `sqlite:${database}` };

    const first = await serviceProcess(environment);
    ends.push(() => first.kill());
    const id = await created(first);
    // The upload has its answer; whatever reads the object's bytes then waits for ever.
    proxy.faults.inject({ match: { path: "/object/authenticated/" }, times: Infinity, fault: { kind: "silence" } });
    await uploaded(first, id);
    const rows = new Database(database);
    ends.push(() => rows.close());
    const job = (): { attempts: number } | undefined =>
      rows.prepare("select attempts from bucketferry_jobs where leased_until is not null").get() as never;
    await vi.waitFor(() => expect(job()).toEqual({ attempts: 1 }), 60_000);
    const dead = once(first.child, "exit");
    await first.kill();
    await dead;
    proxy.faults.clear();

    // Two minutes pass.
    rows.prepare("update bucketferry_jobs set leased_until = '2000-01-01T00:00:00.000Z'").run();
    const second = await serviceProcess(environment);
    ends.push(() => second.stop());
    await vi.waitFor(async () => {
      const answer = await fetch(`${second.url}/lectures/${id}`);
      expect(await answer.json()).toMatchObject({ status: "ready", durationSeconds: 2 });
    }, 60_000);
    expect(rows.prepare("select * from bucketferry_jobs").all()).toEqual([]);
  }, 240_000);

  it("that took their process with them each time are given up, not tried for ever", async () => {
    const world = await openWorld();
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    ends.push(() => world.close());
    const user = await as(world, "ada");
    const { id } = await user.lecture("Deadly");
    const { db, background } = world.service;
    await db.updateTable("lectures").set({ audio_key: "audio/deadly.wav", status: "processing" }).execute();
    // As the eighth process that died over it has left it.
    await db
      .insertInto("bucketferry_jobs")
      .values({
        kind: "inspect-audio",
        subject_id: id,
        object_key: "audio/deadly.wav",
        run_at: new Date(0).toISOString(),
        attempts: 8,
        leased_until: new Date(0).toISOString(),
        last_error: null,
      })
      .execute();
    background.wake();
    await vi.waitFor(async () => {
      expect(await user.read(id)).toMatchObject({
        status: "failed",
        failure: "Every attempt to read the audio was broken off.",
      });
    }, 60_000);
    expect(await db.selectFrom("bucketferry_jobs").selectAll().execute()).toEqual([]);
  });

  it.each([
    ["that take more memory than there is", 24, "It takes more memory to read than any audio."],
    ["with a tag that is larger than any", 40, "One of its parts is larger than any of audio."],
  ])(
    "of files %s end as failed, and do not take the service along",
    async (_what, tagMib, failure) => {
      const world = await openWorld();
      if (world === undefined) throw new Error("The embedded service needs no engine.");
      ends.push(() => world.close());
      const user = await as(world, "ada");
      const lecture = await user.lecture("Hostile");
      // An ID3 tag of nothing but empty frames (https://id3.org/id3v2.4.0-structure), each of which a parser makes a note of.
      const size = tagMib * 1024 * 1024;
      const hostile = Buffer.alloc(size + 1024);
      hostile.write("ID3\u0004");
      for (let digit = 0; digit < 4; digit++) hostile[9 - digit] = (size >> (7 * digit)) & 0x7f;
      const headers = { "content-type": "audio/mpeg" };
      expect((await user.send("POST", `/lectures/${lecture.id}/upload-audio`, hostile, headers)).status).toBe(201);
      await vi.waitFor(async () => expect(await user.read(lecture.id)).toMatchObject({ status: "failed", failure }), {
        timeout: 60_000,
        interval: 100,
      });
    },
    240_000,
  );

  it("of audio that cannot be read end as failed, with a reason, and the audio can be replaced", async () => {
    const world = await openWorld();
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    ends.push(() => world.close());
    const user = await as(world, "ada");
    const { id } = await user.lecture("Poisoned");
    // The head of a WAV, so that it is taken; what follows is none.
    const poisoned = new Uint8Array(8_000).fill(0xff);
    poisoned.set(AUDIO.subarray(0, 12));
    expect((await user.upload(id, poisoned)).status).toBe(201);
    await vi.waitFor(async () => {
      const lecture = await user.read(id);
      expect(lecture.status).toBe("failed");
      expect(lecture.failure).toMatch(/^It (holds no audio track|cannot be read as audio|is in no audio format)/);
    }, 60_000);
    expect(await world.service.db.selectFrom("bucketferry_jobs").selectAll().execute()).toEqual([]);
    expect((await user.upload(id, AUDIO)).status).toBe(201);
    await vi.waitFor(async () => expect(await user.read(id)).toMatchObject({ status: "ready", failure: null }), 60_000);
  }, 240_000);
});

async function created({ url }: ServiceProcess): Promise<string> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/lectures`, { method: "POST", headers, body: '{"title":"Survives"}' });
  return ((await answer.json()) as { id: string }).id;
}

async function uploaded({ url }: ServiceProcess, id: string): Promise<void> {
  const headers = { "content-type": "audio/wav" };
  const answer = await fetch(`${url}/lectures/${id}/upload-audio`, { method: "POST", headers, body: AUDIO });
  expect([answer.status, await answer.text()]).toEqual([201, expect.any(String)]);
}
