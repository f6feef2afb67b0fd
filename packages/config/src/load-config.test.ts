import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { loadConfig, parseConfig } from "./load-config.ts";
import { openRoute } from "./routes.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bucketferry-config-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const environment = {
  SUPABASE_SERVICE_KEY: "fake.service.key",
  AWS_ACCESS_KEY_ID: "FAKEACCESSKEY",
  AWS_SECRET_ACCESS_KEY: "fake-secret",
};

const example = {
  ledger: "sqlite:.bucketferry/ledger.db",
  routes: [
    {
      name: "audio",
      source: {
        adapter: "supabase",
        url: "https://ref.supabase.co",
        key: { env: "SUPABASE_SERVICE_KEY" },
        bucket: "lecture-audio",
      },
      target: {
        adapter: "s3",
        region: "us-east-1",
        bucket: "classroom-assistant-audio",
        prefix: "audio/",
        endpoint: "http://127.0.0.1:7480",
        forcePathStyle: true,
        accessKeyId: { env: "AWS_ACCESS_KEY_ID" },
        secretAccessKey: { env: "AWS_SECRET_ACCESS_KEY" },
        publicBaseUrl: "https://cdn.example.com",
      },
    },
  ],
  database: { url: "postgres://app@127.0.0.1/app", include: ["lectures.audio_url"], exclude: ["audit_log.*"] },
  rewrite: { to: "public" },
  copy: { concurrency: 32, bandwidthLimit: "100MiB" },
};

async function problemsOf(raw: unknown, env: Record<string, string> = environment): Promise<ConfigError> {
  const error: unknown = await parseConfig(raw, join(directory, "bucketferry.config.json"), { environment: env }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`expected a ConfigError, got ${String(error)}`);
  return error;
}

describe("loadConfig", () => {
  test("the same configuration reads alike as JSON and as TypeScript, with paths beside the file", async () => {
    const json = join(directory, "one.json");
    const ts = join(directory, "two.ts");
    await writeFile(json, JSON.stringify(example));
    await writeFile(ts, `const config: object = ${JSON.stringify(example)};\nexport default config;\n`);
    const fromJson = await loadConfig(json, { environment });
    const fromTs = await loadConfig(ts, { environment });
    expect(fromJson.ledger).toEqual({ kind: "sqlite", path: join(directory, ".bucketferry/ledger.db") });
    expect(fromTs.ledger).toEqual(fromJson.ledger);
    expect(fromJson.copy).toMatchObject({ concurrency: 32, bandwidthLimitBytesPerSecond: 104_857_600 });
    expect(fromJson.database).toMatchObject({
      kind: "postgres",
      include: ["lectures.audio_url"],
      exclude: ["audit_log.*"],
    });
    expect(fromTs.routes.map((route) => route.name)).toEqual(["audio"]);
  });

  test("a route's target lives within its prefix, URLs included", async () => {
    const config = await parseConfig(example, join(directory, "c.json"), { environment });
    const [route] = config.routes.map(openRoute);
    expect(route?.target.publicUrl("a.m4a")).toBe("https://cdn.example.com/audio/a.m4a");
    expect(route?.target.parseUrl("https://cdn.example.com/audio/a.m4a")?.key).toBe("a.m4a");
    await route?.close();
  });

  test("a .env file beside the configuration is read, and the real environment wins over it", async () => {
    await writeFile(join(directory, ".env"), "AWS_ACCESS_KEY_ID=FROMFILE\nAWS_SECRET_ACCESS_KEY=from-file\n");
    const config = await parseConfig(example, join(directory, "c.json"), {
      environment: { SUPABASE_SERVICE_KEY: "fake.service.key", AWS_ACCESS_KEY_ID: "FROMENVIRONMENT" },
    });
    expect(config.routes[0]?.target.options).toMatchObject({
      accessKeyId: "FROMENVIRONMENT",
      secretAccessKey: "from-file",
    });
    await rm(join(directory, ".env"));
  });

  test("identities name the place and no secret", async () => {
    const config = await parseConfig(example, join(directory, "c.json"), { environment });
    const [route] = config.routes;
    expect(route?.source.identity).toBe("supabase url=https://ref.supabase.co bucket=lecture-audio");
    expect(route?.target.identity).toContain("bucket=classroom-assistant-audio prefix=audio/");
    expect(JSON.stringify([route?.source.identity, route?.target.identity])).not.toMatch(/fake|FAKE/);
  });
});

describe("a bad configuration", () => {
  test("says all of its problems at once, each with its path", async () => {
    const error = await problemsOf(
      {
        ...example,
        ledger: "mysql://x",
        routes: [
          { ...example.routes[0], name: "Audio Files" },
          {
            name: "images",
            source: {
              adapter: "supabase",
              url: "https://ref.supabase.co",
              key: { env: "NOT_THERE" },
              bucket: "images",
            },
            target: { adapter: "s3", bucket: 7, region: "us-east-1", colour: "blue" },
          },
          { name: "more", source: { adapter: "dropbox-of-nobody" }, target: { adapter: "memory" } },
        ],
        copy: { concurrency: 0, bandwidthLimit: "fast" },
        typo: true,
      },
      environment,
    );
    const paths = error.problems.map((problem) => problem.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        "routes[0].name",
        "routes[1].source.key",
        "routes[1].target.bucket",
        "routes[2].source.adapter",
        "copy.concurrency",
        "copy.bandwidthLimit",
      ]),
    );
    expect(error.message).toContain("colour");
    expect(error.message).toContain("typo");
    expect(error.message).toContain("NOT_THERE");
    expect(error.message).not.toContain("fake");
  });

  test("an environment variable that is missing is said once, with what to do", async () => {
    const { SUPABASE_SERVICE_KEY: _service, AWS_ACCESS_KEY_ID: _id, ...rest } = environment;
    const half = await problemsOf(example, rest);
    expect(half.problems.map((problem) => problem.path)).toEqual([
      "routes[0].source.key",
      "routes[0].target.accessKeyId",
    ]);

    const error = await problemsOf(example, {});
    expect(error.problems.map((problem) => problem.path)).toEqual([
      "routes[0].source.key",
      "routes[0].target.accessKeyId",
      "routes[0].target.secretAccessKey",
    ]);
    expect(error.problems[0]?.fix).toContain("SUPABASE_SERVICE_KEY");
  });

  test("a prefix without its slash is refused, since audio would hold audio2 as well", async () => {
    const [route] = example.routes;
    const error = await problemsOf({
      ...example,
      routes: [{ ...route, target: { ...route?.target, prefix: "audio" } }],
    });
    expect(error.problems).toMatchObject([
      { path: "routes[0].target.prefix", message: 'must end with a slash, as in "audio/".' },
    ]);
  });

  test("two routes of one name are refused", async () => {
    const error = await problemsOf({ ...example, routes: [example.routes[0], example.routes[0]] });
    expect(error.problems).toMatchObject([{ path: "routes[1].name" }]);
  });

  test("rewriting to the app's URLs needs to know them", async () => {
    const error = await problemsOf({ ...example, rewrite: { to: "app" } });
    expect(error.problems).toMatchObject([{ path: "rewrite.appBaseUrl" }]);
  });

  test("a form of URL takes one of four policies", async () => {
    const file = join(directory, "bucketferry.config.json");
    const config = await parseConfig({ ...example, rewrite: { forms: { signed: "keep" } } }, file, { environment });
    expect(config.rewrite.forms).toEqual({ signed: "keep" });
    const error = await problemsOf({ ...example, rewrite: { forms: { signed: "drop", sign: "map" } } });
    expect(error.problems.map(({ path }) => path)).toEqual(["rewrite.forms.signed", "rewrite.forms"]);
  });

  test("a file that is not there, or is not JSON, is named", async () => {
    await expect(loadConfig(join(directory, "none.json"))).rejects.toThrow(/none\.json.*\n.*no such file/);
    const broken = join(directory, "broken.json");
    await writeFile(broken, "{ routes: ");
    await expect(loadConfig(broken)).rejects.toThrow(/broken\.json.*\n.*cannot be understood/);
  });

  test("a third party's adapter is loaded from beside the configuration", async () => {
    await writeFile(
      join(directory, "shelf.mjs"),
      `export const adapter = { name: "shelf", options: { "~standard": { version: 1, vendor: "none", validate: (value) =>
        value.board === undefined ? { issues: [{ message: "is needed", path: ["board"] }] } : { value } } },
        create: () => ({ close: async () => {} }) };`,
    );
    const route = { name: "r", source: { adapter: "./shelf.mjs" }, target: { adapter: "./shelf.mjs", board: 3 } };
    const error = await problemsOf({ routes: [route] });
    expect(error.problems).toEqual([{ path: "routes[0].source.board", message: "is needed." }]);
    const config = await parseConfig({ routes: [{ ...route, source: route.target }] }, join(directory, "c.json"));
    expect(config.routes[0]?.target.options).toEqual({ board: 3 });
  });
});

describe("the database part", () => {
  test("names key columns by their routes, sizes and times in units that people write", async () => {
    const config = await parseConfig(
      {
        ...example,
        database: {
          url: "postgres://app@127.0.0.1/app",
          keyColumns: { "lectures.audio_key": "audio" },
          maxValueSize: "1MiB",
          replica: "postgres://app@127.0.0.2/app",
        },
        rewrite: { rowsPerSecond: 500, maxReplicaLag: 2, lockTimeout: 0.5, statementTimeout: 30 },
      },
      join(directory, "bucketferry.config.json"),
      { environment },
    );
    expect(config.database).toMatchObject({
      keyColumns: { "lectures.audio_key": "audio" },
      maxValueBytes: 1_048_576,
      replicaUrl: "postgres://app@127.0.0.2/app",
    });
    expect(config.rewrite).toMatchObject({
      rowsPerSecond: 500,
      maxReplicaLagMs: 2_000,
      lockTimeoutMs: 500,
      statementTimeoutMs: 30_000,
    });
  });

  test("a key column of a route that is not there, and a replica that is none, are refused by name", async () => {
    const error = await problemsOf({
      ...example,
      database: { url: "postgres://app@127.0.0.1/app", keyColumns: { "lectures.audio_key": "video" }, replica: "x" },
    });
    expect(error.problems.map(({ path }) => path)).toEqual([
      'database.keyColumns["lectures.audio_key"]',
      "database.replica",
    ]);
    expect(error.problems[0]?.fix).toContain("audio");
  });
});
