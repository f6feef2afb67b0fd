import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@bucketferry/config";
import { postgres, POSTGRES_HINT, requireEngine, s3Server } from "@bucketferry/local-servers";
import pg from "pg";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { serviceConfig } from "../src/config/service-config.ts";
import { runCommand } from "../src/commands.ts";
import { StartError } from "../src/start-error.ts";
import { startService } from "../src/start-service.ts";
import { openWorld } from "./support/world.ts";

const PACKAGE = join(import.meta.dirname, "..");
const silent = pino({ level: "silent" });
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "bucketferry-start-"));
  ends.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function storageOf(path: string, side: object): string {
  const file = join(path, "storage.json");
  writeFileSync(file, JSON.stringify(side));
  return file;
}

/** Settings of a service over a bucket of an S3 server. */
function onServer(
  { url, region, credentials: own }: Awaited<ReturnType<typeof s3Server>>,
  bucket: string,
  credentials: object = own,
): Record<string, string> {
  const path = folder();
  const side = { adapter: "s3", endpoint: url, region, forcePathStyle: true, bucket, ...credentials };
  return { PORT: "0", STORAGE_CONFIG: storageOf(path, side), DATABASE_URL: `sqlite:${join(path, "api.db")}` };
}

describe("settings", () => {
  it("everything that is wrong is said at once, by name, without a secret's value", () => {
    const secret = "short-secret-value";
    const read = () =>
      serviceConfig({ PORT: "99999", AUTH_JWT_SECRET: secret, MAX_AUDIO_SIZE: "huge", DATABASE_URL: "mysql://x" });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      /PORT: must be a whole number[^]*DATABASE_URL: [^]*AUTH_JWT_SECRET: [^]*MAX_AUDIO_SIZE: must be a size/,
    );
    expect(read).not.toThrow(secret);
  });

  it.each([
    ["PUBLIC_URL", "api.example.com", /PUBLIC_URL: must be an http or https URL, such as https:/],
    ["RATE_LIMIT_PER_MINUTE", " ", /RATE_LIMIT_PER_MINUTE: must be a whole number from 0/],
    ["PORT", "0x50", /PORT: must be a whole number/],
    ["OLD_BUCKETS", "audio=audio:private", /OLD_BUCKETS: must be .* each prefix ending in a slash or empty/],
    ["LINK_SECRET_FILE", tmpdir(), /LINK_SECRET_FILE: names a file that cannot be read \(EISDIR\)/],
  ])("%s=%j is refused, by name and with what it must be", (name, value, sentence) => {
    expect(() => serviceConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => serviceConfig({ [name]: value })).toThrow(sentence);
  });

  it("stand in a file .env too, where the service is started from its sources", async () => {
    const path = folder();
    writeFileSync(join(path, ".env"), "LOG_LEVEL=loud\nPORT=99999\n");
    const { scripts } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
      scripts: { start: string };
    };
    const [, ...args] = scripts.start.replace("src/main.ts", join(PACKAGE, "src/main.ts")).split(" ");
    const { PATH } = process.env;
    const ended = spawnSync(process.execPath, args, { cwd: path, env: { PATH, PORT: "0" }, encoding: "utf8" });
    expect(ended.status).toBe(2);
    expect(ended.stderr).toMatch(/LOG_LEVEL: /);
    // What the environment says goes first.
    expect(ended.stderr).not.toMatch(/PORT: /);
  });

  it("without credentials nothing but loopback is listened on", () => {
    expect(() => serviceConfig({ HOST: "0.0.0.0" })).toThrow(/HOST: is 0\.0\.0\.0[^]*AUTH_JWT_SECRET/);
    expect(serviceConfig({ HOST: "::1" }).auth.mode).toBe("development");
  });

  it("links of several instances need one secret", () => {
    expect(() => serviceConfig({ AUTH_API_KEYS: "true" })).toThrow(/LINK_SECRET: is missing/);
  });

  it("a value may stand in a file, as containers mount secrets", () => {
    const file = join(folder(), "secret");
    writeFileSync(file, `${"x".repeat(40)}\n`);
    expect(serviceConfig({ LINK_SECRET_FILE: file }).linkSecret).toBe("x".repeat(40));
    expect(() => serviceConfig({ LINK_SECRET_FILE: `${file}-missing` })).toThrow(
      /LINK_SECRET_FILE: names a file that is not there/,
    );
  });
});

describe("start", () => {
  it("makes the bucket when it may, and names it when it may not", async () => {
    const server = await s3Server({});
    ends.push(() => server.close());
    const environment = onServer(server, "made-at-start");
    await expect(
      startService(serviceConfig({ ...environment, STORAGE_CREATE_BUCKET: "false" }), silent),
    ).rejects.toThrow(/^Storage cannot be used: .*made-at-start/);
    const running = await startService(serviceConfig(environment), silent);
    expect((await fetch(`${running.url}/health/ready`)).status).toBe(200);
    await running.close();
  });

  it("wrong credentials stop it with one clear line", async () => {
    const server = await s3Server({});
    ends.push(() => server.close());
    const credentials = { accessKeyId: "NOTAREALKEY", secretAccessKey: "not-a-real-secret" };
    const config = serviceConfig(onServer(server, "b-b-b", credentials));
    const error: unknown = await startService(config, silent).catch((failure: unknown) => failure);
    expect(String(error)).toMatch(/^StartError: Storage cannot be used: .*(access key|credentials)/i);
    expect(String(error)).not.toContain("not-a-real-secret");
    expect(String(error).split("\n")).toHaveLength(1);
  });

  it("access that is denied stops it, and the permission is named", async () => {
    const credentials = { accessKeyId: "WRITESNOTHING", secretAccessKey: "fake-secret-of-a-reader" };
    const server = await s3Server({ users: [{ ...credentials, access: ["s3:ListBucket"] }] });
    ends.push(() => server.close());
    const config = serviceConfig(onServer(server, "not-to-be-made", credentials));
    const error: unknown = await startService(config, silent).catch((failure: unknown) => failure);
    expect(String(error)).toMatch(/^StartError: Storage cannot be used: .*s3:CreateBucket/);
    expect(String(error).split("\n")).toHaveLength(1);
  });

  it("a port that is taken, a database that is not there, a schema that is old: one line each", async () => {
    const path = folder();
    const blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    ends.push(() => blocker.close());
    const address = blocker.address();
    const port = String(typeof address === "object" ? address?.port : 0);
    const storage = storageOf(path, { adapter: "fs", directory: join(path, "files") });
    const base = { PORT: "0", STORAGE_CONFIG: storage, DATABASE_URL: `sqlite:${join(path, "api.db")}` };
    await expect(startService(serviceConfig({ ...base, PORT: port }), silent)).rejects.toThrow(/^PORT: .* is taken/);
    await expect(
      startService(serviceConfig({ ...base, DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/x` }), silent),
    ).rejects.toThrow(/^DATABASE_URL: nothing answers there/);
    const fresh = { ...base, DATABASE_URL: `sqlite:${join(path, "other.db")}`, DATABASE_MIGRATE: "command" };
    await expect(startService(serviceConfig(fresh), silent)).rejects.toThrow(
      /the schema lacks .*Run the command `migrate`/,
    );
    await expect(runCommand(["api-key", "list"], fresh)).rejects.toThrow(/the schema lacks .*`migrate`/);
    await runCommand(["migrate"], fresh);
    await (await startService(serviceConfig(fresh), silent)).close();
  });
});

describe("what stands in the way of a start is one line that names the setting", () => {
  const base = (): Record<string, string> => {
    const path = folder();
    const storage = storageOf(path, { adapter: "fs", directory: join(path, "files") });
    return { PORT: "0", STORAGE_CONFIG: storage, DATABASE_URL: `sqlite:${join(path, "api.db")}` };
  };
  const refusal = async (environment: Record<string, string>): Promise<string> => {
    const error: unknown = await startService(serviceConfig({ ...base(), ...environment }), silent).then(
      (running) => running.close(),
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(StartError);
    expect(String(error).split("\n")).toHaveLength(1);
    return (error as Error).message;
  };
  const credentials = { AUTH_API_KEYS: "true", LINK_SECRET: "fake-link-secret-for-tests-000000000000000" };

  it.each<[string, Record<string, string>, RegExp]>([
    ["an address that is not here", { ...credentials, HOST: "192.0.2.1" }, /^HOST: 192\.0\.2\.1 is no address/],
    ["a name that leads nowhere", { ...credentials, HOST: "nowhere.invalid" }, /^HOST: nowhere\.invalid is no name/],
    ["a folder as database", { DATABASE_URL: `sqlite:${tmpdir()}` }, /^DATABASE_URL: the file cannot be opened/],
    [
      "a file that is no database",
      { DATABASE_URL: `sqlite:${import.meta.filename}` },
      /^DATABASE_URL: the file is no SQLite database/,
    ],
    [
      "a folder for it below a file",
      { DATABASE_URL: `sqlite:${import.meta.filename}/deep/api.db` },
      /^DATABASE_URL: the file's folder cannot be made/,
    ],
    [
      "a password that is not encoded",
      { DATABASE_URL: "postgres://app:pa#ss/word@127.0.0.1:5432/api" },
      /^DATABASE_URL: is no URL\. In a password/,
    ],
    [
      "certificates that are not there",
      { DATABASE_URL: "postgres://127.0.0.1/api?sslmode=verify-full&sslrootcert=/nowhere.pem" },
      /^DATABASE_URL: names a file of certificates/,
    ],
    ["public URLs of a storage that has none", { STORED_URLS: "public" }, /^STORED_URLS: .*publicBaseUrl/],
  ])("%s", async (_what, environment, sentence) => {
    const message = await refusal(environment);
    expect(message).toMatch(sentence);
    expect(message).not.toContain("word@");
  });

  it("a folder that cannot be written to", async () => {
    const path = folder();
    mkdirSync(join(path, "files"));
    // Where temporary files would be: it stands for a volume of another user, which root would not be denied.
    writeFileSync(join(path, "files", ".bucketferry"), "");
    const STORAGE_CONFIG = storageOf(path, { adapter: "fs", directory: join(path, "files") });
    expect(await refusal({ STORAGE_CONFIG })).toMatch(/^Storage cannot be used: Cannot write the directory/);
  });

  it("a Postgres that speaks no TLS, and one where this user may make no tables", async (context) => {
    const engine = requireEngine("PostgreSQL", await postgres(), POSTGRES_HINT);
    if (engine === undefined) return context.skip();
    ends.push(() => engine.close());
    const url = await engine.createDatabase();
    expect(await refusal({ DATABASE_URL: `${url}?sslmode=verify-full` })).toMatch(
      /^DATABASE_URL: the server speaks no TLS/,
    );
    const owner = new pg.Client({ connectionString: url });
    await owner.connect();
    // A role is of the whole server, which may be one that other tests use and that stays.
    const reader = `reader_${randomUUID().replaceAll("-", "")}`;
    await owner.query(`create role ${reader} login password 'fake'; revoke create on schema public from public`);
    ends.push(async () => {
      await owner.query(`drop role ${reader}`);
      await owner.end();
    });
    const asReader = new URL(url);
    asReader.username = reader;
    asReader.password = "fake";
    expect(await refusal({ DATABASE_URL: asReader.href })).toMatch(/^DATABASE_URL: this user may not make tables/);
  });
});

describe("the files for containers", () => {
  it("give the service longer to end than it takes at most", () => {
    const compose = readFileSync(join(PACKAGE, "compose.yaml"), "utf8");
    const graceSeconds = Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]);
    expect(graceSeconds * 1000).toBeGreaterThan(serviceConfig({}).drainMs);
  });
});

describe("the end", () => {
  it("what was begun is ended, what comes later is not taken, and everything closes", async () => {
    const world = await openWorld("fs and SQLite", { DRAIN_SECONDS: "20" });
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    const token = await world.serviceToken();
    let send: (text: string) => void = () => undefined;
    let finish: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (text) => controller.enqueue(new TextEncoder().encode(text));
        finish = () => controller.close();
      },
    });
    const begun = fetch(`${world.url}/files/slow.txt`, {
      method: "PUT",
      headers: { authorization: `Bearer ${token}` },
      body,
      duplex: "half",
    } as RequestInit);
    send("first ");
    await expect.poll(async () => (await world.service.metrics.page()).text).toMatch(/http_server_active_requests 1/);
    const closed = world.close();
    await expect
      .poll(() =>
        fetch(`${world.url}/health/live`).then(
          () => "taken",
          () => "refused",
        ),
      )
      .toBe("refused");
    send("second");
    finish();
    const answer = await begun;
    expect(answer.status).toBe(201);
    expect(answer.headers.get("connection")).toBe("close");
    await closed;
  });
});

describe("API keys", () => {
  it("are made, used, listed and revoked by command, and stored as hashes only", async () => {
    const world = await openWorld();
    if (world === undefined) throw new Error("The embedded service needs no engine.");
    ends.push(() => world.close());
    const printed: string[] = [];
    const { log } = console;
    console.log = (line: string) => void printed.push(line);
    ends.push(() => {
      console.log = log;
    });
    const environment = { DATABASE_URL: world.service.config.databaseUrl };
    await runCommand(["api-key", "create", "backup"], environment);
    const [key = "", id = ""] = /^(\S+)\nIts id is (\w+)/.exec(printed[0] ?? "")?.slice(1) ?? [];
    const ask = (): Promise<Response> => fetch(`${world.url}/files`, { headers: { authorization: `Bearer ${key}` } });
    expect((await ask()).status).toBe(200);
    expect((await fetch(`${world.url}/files`, { headers: { "x-api-key": key } })).status).toBe(200);
    const rows = await world.service.db.selectFrom("bucketferry_api_keys").selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(key.slice(-43));
    await runCommand(["api-key", "list"], environment);
    expect(printed.at(-1)).toContain("backup");
    await runCommand(["api-key", "revoke", id], environment);
    expect((await ask()).status).toBe(401);
    await expect(runCommand(["api-key", "revoke", id], environment)).rejects.toThrow("no valid key");
    await expect(runCommand(["api-key", "create", "x", "--rolle", "anon"], environment)).rejects.toThrow(
      /^Unknown option '--rolle'[^]*Usage:/,
    );
  });
});
