import { createReadStream } from "node:fs";
import { extname } from "node:path";
import { addAbortSignal } from "node:stream";
import type { Route } from "@bucketferry/config";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { SortedSide } from "./lock-step.ts";
import { MANIFEST_FORMATS, type ManifestEntry, type ManifestFormat } from "./manifest-formats.ts";

/** The keys of a manifest, sorted. They are in a temporary file, so a manifest may be of any length. */
export interface Manifest {
  /** Keys of one route in the order of UTF-8 bytes, each once. */
  side(route: Pick<Route, "name" | "targetKey">): SortedSide<string>;
  close(): void;
}

export interface ManifestOptions {
  /** Names of all routes that are planned. */
  readonly routes: readonly string[];
  /** Default: by the ending of the file's name; `text` for stdin. */
  readonly format?: ManifestFormat | undefined;
  readonly signal: AbortSignal;
}

const KEYS_AT_ONCE = 1_000;
const ENDINGS: Readonly<Record<string, ManifestFormat>> = { ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv" };

/**
 * Reads a manifest, `-` from stdin.
 *
 * The plan goes on listing both sides and does not ask for each key: a listing is one request for a thousand objects, needs
 * no other permission than the plan without a manifest, and says of every key that is not there that it is not.
 *
 * @throws CommandError with the line of what cannot be understood
 */
export async function readManifest(file: string, { routes, format, signal }: ManifestOptions): Promise<Manifest> {
  const { default: Database } = await import("better-sqlite3");
  const db = new Database("");
  try {
    db.pragma("journal_mode = off");
    db.exec("create table entries (route text, key text, primary key (route, key)) without rowid");
    const insert = db.prepare("insert or ignore into entries values (?, ?)");
    db.exec("begin");
    const parse = MANIFEST_FORMATS[format ?? ENDINGS[extname(file).toLowerCase()] ?? "text"];
    // Whoever types the keys may change his mind before the first one.
    const stream = addAbortSignal(signal, file === "-" ? process.stdin : createReadStream(file));
    let entries = 0;
    for await (const entry of parse(stream)) {
      insert.run(routeOf(entry, routes), keyOf(entry));
      entries++;
    }
    db.exec("commit");
    // More often a command before the pipe that failed than a wish to leave out everything.
    if (entries === 0) throw new Error("it names no key");
  } catch (error) {
    db.close();
    throw signal.aborted ? signal.reason : manifestError(file, error);
  }

  const select = db
    .prepare<[string, string, number], string>(
      "select key from entries where route = ? and key > ? order by key limit ?",
    )
    .pluck();
  async function* pages(route: string): AsyncGenerator<readonly string[], void, undefined> {
    let after = "";
    for (;;) {
      const keys = select.all(route, after, KEYS_AT_ONCE);
      yield keys;
      if (keys.length < KEYS_AT_ONCE) return;
      after = keys.at(-1) ?? after;
    }
  }
  return {
    side: (route) => ({
      name: `the manifest of route ${route.name}`,
      pages: pages(route.name),
      keyOf: (key) => route.targetKey(key),
    }),
    close: () => {
      db.close();
    },
  };
}

/** One wrong line of a manifest; the reader adds the file's name. */
class ManifestLineError extends Error {
  override readonly name = "ManifestLineError";
}

function routeOf({ route, line }: ManifestEntry, routes: readonly string[]): string {
  if (route === undefined && routes.length === 1) return routes[0] ?? "";
  if (route === undefined) {
    throw new ManifestLineError(
      `line ${line} names no route, and there are several: ${routes.join(", ")}. Use CSV or JSON lines with the fields key and route`,
    );
  }
  if (routes.includes(route)) return route;
  throw new ManifestLineError(`line ${line} names the route ${JSON.stringify(route)}; there are: ${routes.join(", ")}`);
}

function keyOf({ key, line }: ManifestEntry): string {
  if (typeof key !== "string" || key === "") throw new ManifestLineError(`line ${line} has no key`);
  // A lone surrogate cannot be written as UTF-8, so no storage has such a key.
  if (key.isWellFormed()) return key;
  throw new ManifestLineError(`line ${line} has a key that is not Unicode text`);
}

function manifestError(file: string, error: unknown): CommandError {
  const name = file === "-" ? "The manifest on stdin" : `The manifest ${file}`;
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const problem = code === "ENOENT" ? "does not exist" : error instanceof Error ? error.message : String(error);
  return new CommandError(EXIT.usage, "Manifest", `${name} cannot be used: ${problem}.`, {
    hint: 'Write one key a line, JSON lines such as {"key":"a.mp3"} (.jsonl), or CSV with a column key (.csv); --manifest-format says which it is.',
    cause: error,
  });
}
