import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRoute, parseConfig, type Route } from "@bucketferry/config";
import { s3Server, supabaseServer, type S3Server, type SupabaseServer } from "@bucketferry/local-servers";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "./cli.ts";
import { content } from "./world.ts";

/** The whole way of one app, told in order: from Supabase Storage to S3, its database with it, and back. */
let supabase: SupabaseServer;
let target: S3Server;
let route: Route;
let directory: string;
let database: string;
let configFile: string;
const LECTURES = 12;
const keyOf = (i: number): string => `audio/${i}_lecture & notes (${i}).mp3`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "bucketferry-supabase-run-"));
  database = join(directory, "app.db");
  configFile = join(directory, "bucketferry.config.json");
  supabase = await supabaseServer({ directory: join(directory, "supabase") });
  target = await s3Server({ publicPrefixes: ["classroom/media"] });
  const config = {
    routes: [
      {
        name: "audio",
        source: { adapter: "supabase", url: supabase.url, key: { env: "TEST_SUPABASE_KEY" }, bucket: "lecture-audio" },
        target: {
          adapter: "s3",
          endpoint: target.url,
          region: target.region,
          bucket: "classroom",
          prefix: "media/",
          profile: "aws",
          forcePathStyle: true,
          accessKeyId: target.credentials.accessKeyId,
          secretAccessKey: { env: "TEST_S3_SECRET" },
          publicBaseUrl: `${target.url}/classroom`,
        },
      },
    ],
    database: { url: "sqlite:app.db" },
    rewrite: { to: "public" },
  };
  writeFileSync(configFile, JSON.stringify(config));
  const [routeConfig] = (await parseConfig(config, configFile, { environment: secrets() })).routes;
  if (routeConfig === undefined) throw new Error("no route");
  route = openRoute(routeConfig);
  await route.source.ensureBucket();

  const app = new Database(database);
  app.exec("create table lectures (id integer primary key, title text, audio_url text, extra text)");
  const insert = app.prepare("insert into lectures (title, audio_url, extra) values (?, ?, ?)");
  for (let i = 0; i < LECTURES; i++) {
    await route.source.put(keyOf(i), content(i, 1_000 + i), {
      contentType: "audio/mpeg",
      cacheControl: "max-age=3600",
      metadata: { lecture: String(i) },
    });
    const url = route.source.publicUrl(keyOf(i));
    insert.run(`Lecture ${i}`, url, JSON.stringify({ cover: `${url}?download=`, note: `see ${url}.` }));
  }
  insert.run("No file", `${route.source.publicUrl("audio/never-uploaded.mp3")}`, null);
  app.close();
});
afterAll(async () => {
  await route.close();
  await Promise.all([supabase.close(), target.close()]);
  rmSync(directory, { recursive: true, force: true });
});

function secrets(): Record<string, string> {
  return { TEST_SUPABASE_KEY: supabase.serviceKey, TEST_S3_SECRET: target.credentials.secretAccessKey };
}

const all: string[] = [];
async function run(...args: string[]) {
  const result = await cli([...args, "--json", "--config", configFile, "--log-level", "debug"], { env: secrets() });
  all.push(result.stdout, result.stderr);
  return result;
}
const rows = (): unknown[] => {
  const app = new Database(database, { readonly: true });
  try {
    return app.prepare("select * from lectures order by id").all();
  } finally {
    app.close();
  }
};

describe("an app on Supabase Storage", () => {
  let before: unknown[];

  it("is looked at first, and nothing is changed", async () => {
    before = rows();
    const doctor = await run("doctor");
    expect(doctor.events).toContainEqual(
      expect.objectContaining({ type: "finding", subject: "audio target", id: "bucket", level: "warning" }),
    );
    const scan = await run("scan");
    expect(scan.summary).toMatchObject({ exitCode: 0, counts: { references: 3 * LECTURES + 1 } });
    expect(rows()).toEqual(before);
  });

  it("moves to S3 in one run: bytes, headers and every reference whose object is there", async () => {
    expect((await run("setup", "--yes")).code).toBe(0);
    const result = await run("run", "--yes");
    expect(result.stderr).not.toContain("error");
    const counts = result.summary["counts"] as Record<string, Record<string, unknown>>;
    expect(counts["copy"]).toMatchObject({ copied: LECTURES, failed: 0 });
    expect(counts["verify"]).toMatchObject({ verified: LECTURES });
    expect(counts["rewrite"]).toMatchObject({ referencesRewritten: 3 * LECTURES, kept: { "unknown-object": 1 } });
    // The dangling reference was there before; the proof names it, and the exit code says that something is left.
    expect(counts["prove"]).toMatchObject({
      objects: { proved: LECTURES },
      references: { proved: 3 * LECTURES, "still-at-source": 1 },
    });
    expect(result.code).toBe(3);

    for (let i = 0; i < LECTURES; i++) {
      const copy = await route.target.get(keyOf(i));
      expect(Buffer.from(await copy.bytes()).equals(content(i, 1_000 + i))).toBe(true);
      expect(copy.info).toMatchObject({
        contentType: "audio/mpeg",
        cacheControl: "max-age=3600",
        metadata: { lecture: String(i) },
      });
    }
    const [first] = rows() as { audio_url: string }[];
    const answer = await fetch(first?.audio_url ?? "");
    expect(answer.status).toBe(200);
    expect((await answer.arrayBuffer()).byteLength).toBe(1_000);
  });

  it("can be run again, and everything is as it should be", async () => {
    const result = await run("run", "--yes");
    const counts = result.summary["counts"] as Record<string, Record<string, unknown>>;
    expect(counts["plan"]).toMatchObject({ toCopy: { objects: 0 }, kept: LECTURES });
    expect(counts["rewrite preview"]).toMatchObject({ cellsRewritten: 0, alreadyRewritten: 3 * LECTURES });
  });

  it("explains any of its URLs", async () => {
    const url = `${supabase.storageUrl}/object/sign/lecture-audio/${encodeURI(keyOf(2))}?token=not.a.token`;
    const { events, stdout } = await run("explain", url);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "explanation",
        route: "audio",
        side: "source",
        kind: "signed",
        key: keyOf(2),
        state: "verified",
        policy: "report",
        verdict: expect.stringContaining("It stays: it asked for a token") as string,
      }),
    );
    expect(stdout).not.toContain("not.a.token");
  });

  it("explains a cell, text by text", async () => {
    const { events } = await run("explain", "lectures.extra@1");
    expect(events.filter((event) => event["type"] === "explanation")).toMatchObject([
      {
        path: "$.cover",
        route: "audio",
        side: "target",
        key: keyOf(0),
        verdict: "It is in the target's form already.",
      },
      { path: "$.note", route: "audio", side: "target", key: keyOf(0) },
    ]);
    const last = await run("explain", `lectures.audio_url@id=${LECTURES + 1}`);
    expect(last.events).toContainEqual(
      expect.objectContaining({
        type: "explanation",
        kind: "public",
        state: null,
        policy: "map",
        verdict: "It stays: no object of that key is in the ledger.",
      }),
    );
    expect((await run("explain", "lectures.title@1")).summary).toMatchObject({ exitCode: 0, counts: { known: false } });
    expect((await run("explain", "lectures.none@1")).code).toBe(2);
    expect((await run("explain", "lectures.title@999")).code).toBe(2);
  });

  it("goes back: every cell has its old bytes again", async () => {
    expect((await run("rollback")).summary).toMatchObject({ counts: { applied: false } });
    const refused = await run("rollback", "--apply");
    expect(refused.code).toBe(4);
    const result = await run("rollback", "--apply", "--yes");
    expect(result.code).toBe(0);
    expect(rows()).toEqual(before);
  });

  it("never told a secret, neither on stdout nor in its log, its ledger or its evidence", async () => {
    const text = all.join("\n") + readFileSync(join(directory, ".bucketferry/ledger.db"), "latin1");
    for (const secret of Object.values(secrets())) expect(text).not.toContain(secret);
    expect(all.join("").length).toBeGreaterThan(10_000);
  });
});
