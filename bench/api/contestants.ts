import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Something that takes and gives objects over HTTP, in a process of its own. */
export interface ObjectServer {
  readonly name: string;
  /** Where an object of this name is written and read. */
  readonly url: (object: string) => string;
  /** Path of both, and how a write is called. */
  readonly method: "PUT" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const TOP = join(import.meta.dirname, "../..");

/** As apps/api/Dockerfile starts it. */
const MEMORY_OF_IMAGE = "--max-semi-space-size=4";

/** The service as it is built, over a folder, as it starts without credentials. */
export async function service(folder: string): Promise<ObjectServer> {
  mkdirSync(folder, { recursive: true });
  const storage = join(folder, "storage.json");
  writeFileSync(storage, JSON.stringify({ adapter: "fs", directory: join(folder, "files"), durable: false }));
  const { child, found } = await started([MEMORY_OF_IMAGE, join(TOP, "apps/api/dist/main.js")], /"url":"([^"]+)"/, {
    PORT: "0",
    STORAGE_CONFIG: storage,
    DATABASE_URL: `sqlite:${join(folder, "api.db")}`,
    RATE_LIMIT_PER_MINUTE: "0",
  });
  return {
    name: "the service",
    url: (object) => `${found}/files/${object}`,
    method: "PUT",
    headers: {},
    close: () => ended(child),
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
    close: () => ended(child),
  };
}

/** The local Supabase Storage, over a folder. */
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
    close: () => ended(child),
  };
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

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
