import { spawn, type ChildProcess } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PostgresServer } from "@bucketferry/local-servers";
import { cpuOfProcessMs } from "../measure/process-tree.ts";

/** Something that takes and gives objects over HTTP, in a process of its own. */
export interface ObjectServer {
  readonly name: string;
  /** Where an object of this name is written and read. */
  readonly url: (object: string) => string;
  /** Path of both, and how a write is called. */
  readonly method: "PUT" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  /** Of the server's process until now; what works behind it in processes of its own is not in it. */
  cpuMs(): number;
  close(): Promise<void>;
}

const TOP = join(import.meta.dirname, "../..");

/** As apps/api/Dockerfile starts it. */
const MEMORY_OF_IMAGE = "--max-semi-space-size=4";

/** The service as it is built, over a folder, as it starts without credentials. */
export function service(folder: string): Promise<ObjectServer> {
  return startedService("the service", folder, {}, {});
}

/** The same where every request has to prove who it comes from, as those of Supabase do. */
export function serviceWithTokens(folder: string): Promise<ObjectServer> {
  const secret = randomBytes(32).toString("base64url");
  const settings = { AUTH_JWT_SECRET: secret, LINK_SECRET: randomBytes(32).toString("base64url") };
  const authorization = `Bearer ${serviceToken(secret)}`;
  return startedService("the service with tokens", folder, settings, { authorization });
}

async function startedService(
  name: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
  headers: ObjectServer["headers"],
): Promise<ObjectServer> {
  mkdirSync(folder, { recursive: true });
  const storage = join(folder, "storage.json");
  writeFileSync(storage, JSON.stringify({ adapter: "fs", directory: join(folder, "files"), durable: false }));
  const { child, found } = await started([MEMORY_OF_IMAGE, join(TOP, "apps/api/dist/main.js")], /"url":"([^"]+)"/, {
    PORT: "0",
    STORAGE_CONFIG: storage,
    DATABASE_URL: `sqlite:${join(folder, "api.db")}`,
    RATE_LIMIT_PER_MINUTE: "0",
    ...settings,
  });
  return {
    name,
    url: (object) => `${found}/files/${object}`,
    method: "PUT",
    headers,
    ...processOf(child),
  };
}

export async function bareStream(folder: string): Promise<ObjectServer> {
  mkdirSync(folder, { recursive: true });
  const { child, found } = await started([join(import.meta.dirname, "bare-server.ts"), folder], /URL=(\S+)/);
  return {
    name: "a bare Hono stream to disk",
    url: (object) => `${found}/files/${object}`,
    method: "PUT",
    headers: {},
    ...processOf(child),
  };
}

/** What Supabase Storage does at least over its file backend: a database behind it, and row-level security. */
export async function supabaseOnPostgres(folder: string, { url }: PostgresServer): Promise<ObjectServer> {
  mkdirSync(folder, { recursive: true });
  const program = join(import.meta.dirname, "supabase-on-postgres.ts");
  const { child, found, printed } = await started([program, folder], /URL=(\S+)/, { DATABASE_URL: url });
  return {
    name: "the local Supabase Storage on Postgres",
    url: (object) => `${found}/object/bench/${object}`,
    method: "POST",
    headers: { authorization: `Bearer ${/TOKEN=(\S+)/.exec(printed())?.[1] ?? ""}` },
    ...processOf(child),
  };
}

/** The local Supabase Storage of the tests, over a folder, with its rows in memory. */
export async function supabaseTwin(folder: string): Promise<ObjectServer> {
  const program = join(TOP, "packages/local-servers/dist/main.js");
  const { child, printed } = await started([program, "supabase", "--directory", folder], /SUPABASE_ANON_KEY=(\S+)/);
  const setting = (name: string): string => new RegExp(`${name}=(\\S+)`).exec(printed())?.[1] ?? "";
  const url = `${setting("SUPABASE_URL")}/storage/v1`;
  const headers = { authorization: `Bearer ${setting("SUPABASE_SERVICE_KEY")}`, "x-upsert": "true" };
  const made = await fetch(`${url}/bucket`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ id: "bench", name: "bench" }),
  });
  if (!made.ok) throw new Error(`The Supabase twin made no bucket: ${made.status} ${await made.text()}`);
  return {
    name: "the local Supabase Storage",
    url: (object) => `${url}/object/bench/${object}`,
    method: "POST",
    headers,
    ...processOf(child),
  };
}

/** As Supabase Auth issues it to servers. */
function serviceToken(secret: string): string {
  const exp = Math.floor(Date.now() / 1000) + 86_400;
  const text = [
    { alg: "HS256", typ: "JWT" },
    { role: "service_role", exp },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

async function started(
  args: readonly string[],
  ready: RegExp,
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly child: ChildProcess; readonly found: string; readonly printed: () => string }> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, args, { env: { PATH, ...environment }, stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  const found = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${args[0]} ended with ${code}: ${text}`)));
    child.stdout.on("data", (bytes: Buffer) => {
      // A log line for each request is not kept.
      if (text.length < 10_000) text += bytes.toString();
      const match = ready.exec(text)?.[1];
      if (match !== undefined) resolve(match);
    });
  });
  return { child, found, printed: () => text };
}

function processOf(child: ChildProcess): Pick<ObjectServer, "cpuMs" | "close"> {
  const { pid } = child;
  if (pid === undefined) throw new Error("The process was not started.");
  return { cpuMs: () => cpuOfProcessMs(pid), close: () => ended(child) };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
