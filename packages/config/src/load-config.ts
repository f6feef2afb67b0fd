import { readFile } from "node:fs/promises";
import { dirname, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { StorageError, type SchemaIssue, type StorageAdapter } from "@bucketferry/storage-core";
import { loadAdapter } from "./adapters.ts";
import type { Config, DatabaseConfig, RouteConfig, SideConfig } from "./config.ts";
import { ConfigError, pathOf, type ConfigProblem } from "./config-error.ts";
import { configSchema, type ParsedConfig } from "./config-schema.ts";
import { parseDatabaseUrl, type DatabaseLocation } from "./database-url.ts";
import { environmentBeside, type Environment } from "./environment.ts";
import { scheduleOf } from "./schedule-schema.ts";
import { resolveEnvironment } from "./resolve-environment.ts";
import { selectionOf } from "./selection-schema.ts";
import { sideIdentity } from "./side-identity.ts";

export interface LoadConfigOptions {
  /** Default: the process's environment. */
  readonly environment?: Environment | undefined;
}

/**
 * Reads `bucketferry.config.{ts,js,json}` and everything that it names but the services themselves: no network.
 * @throws ConfigError with all problems at once
 */
export async function loadConfig(path: string, options: LoadConfigOptions = {}): Promise<Config> {
  const file = resolve(path);
  return parseConfig(await readConfigFile(file), file, options);
}

/** The same from a value instead of a file; `file` is where it is said to come from. */
export async function parseConfig(raw: unknown, file: string, options: LoadConfigOptions = {}): Promise<Config> {
  const directory = dirname(file);
  const problems: ConfigProblem[] = [];
  const resolved = resolveEnvironment(raw, environmentBeside(directory, options.environment ?? process.env), problems);
  // What the environment lacks is already said; saying that the same place "must be a string" would not help.
  const said = new Set(problems.map((problem) => problem.path));
  const parsed = configSchema.safeParse(resolved);
  if (!parsed.success) {
    problems.push(
      ...parsed.error.issues.map((issue) => schemaProblem(issue)).filter((problem) => !said.has(problem.path)),
    );
  }
  const sides = await readSides(resolved, directory, problems, said);
  const outer = parsed.success ? readOuter(parsed.data, directory, problems) : undefined;
  if (outer === undefined || problems.length > 0) throw new ConfigError(file, problems);
  return { file, directory, ...outer, routes: routesOf(outer.parsed, sides) };
}

/** One side by itself, for a program that has one provider and no routes. */
export async function parseSide(raw: unknown, file: string, options: LoadConfigOptions = {}): Promise<SideConfig> {
  const directory = dirname(file);
  const problems: ConfigProblem[] = [];
  const resolved = resolveEnvironment(raw, environmentBeside(directory, options.environment ?? process.env), problems);
  const said = new Set(problems.map((problem) => problem.path));
  const side = isRecord(resolved) ? await readSide(resolved, "", directory, problems, said) : undefined;
  if (side !== undefined && problems.length === 0) return side;
  const nameless = { path: "adapter", message: "must name an adapter.", fix: 'Write { "adapter": "fs", … }.' };
  throw new ConfigError(file, problems.length > 0 ? problems : [nameless]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function readConfigFile(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = code === "ENOENT" ? "There is no such file." : `The file cannot be read (${code}).`;
    throw new ConfigError(file, [{ path: "", message, fix: "Name it with --config FILE." }], error);
  }
  try {
    if (extname(file) === ".json") return JSON.parse(text) as unknown;
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (module.default !== undefined) return module.default;
  } catch (error) {
    throw new ConfigError(
      file,
      [{ path: "", message: `The file cannot be understood: ${(error as Error).message}` }],
      error,
    );
  }
  throw new ConfigError(file, [
    { path: "", message: "The file exports nothing.", fix: "Write `export default defineConfig({ … })`." },
  ]);
}

interface Outer extends Omit<Config, "file" | "directory" | "routes"> {
  readonly parsed: ParsedConfig;
}

function readOuter(parsed: ParsedConfig, directory: string, problems: ConfigProblem[]): Outer | undefined {
  const ledger = readLocation(parsed.ledger, directory, "ledger", problems);
  const database = parsed.database && readDatabase(parsed.database, parsed.routes, directory, problems);
  parsed.routes.forEach(({ name }, index) => {
    const first = parsed.routes.findIndex((route) => route.name === name);
    if (first === index) return;
    problems.push({
      path: `routes[${index}].name`,
      message: `is "${name}", as that of routes[${first}] is.`,
      fix: "Give every route a name of its own.",
    });
  });
  if (ledger === undefined || (parsed.database !== undefined && database === undefined)) return undefined;
  const {
    concurrency,
    processes,
    schedule,
    bandwidthLimit,
    partSize,
    order,
    metadata,
    contentType,
    archived,
    serverSide,
    maxAttempts,
    timeout,
  } = parsed.copy;
  return {
    parsed,
    ledger,
    database,
    rewrite: {
      to: parsed.rewrite.to,
      appBaseUrl: parsed.rewrite.appBaseUrl,
      forms: definedOnly(parsed.rewrite.forms),
      rowsPerSecond: parsed.rewrite.rowsPerSecond,
      maxReplicaLagMs: milliseconds(parsed.rewrite.maxReplicaLag),
      lockTimeoutMs: parsed.rewrite.lockTimeout * 1000,
      statementTimeoutMs: parsed.rewrite.statementTimeout * 1000,
    },
    copy: {
      concurrency,
      processes,
      schedule: schedule && scheduleOf(schedule),
      bandwidthLimitBytesPerSecond: bandwidthLimit,
      partSizeBytes: partSize,
      order,
      metadata,
      contentType,
      archived,
      serverSide,
      maxAttempts,
      timeoutMs: timeout * 1000,
    },
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}

/** A value that is `undefined` must not hide a default. */
function definedOnly<T extends object>(value: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function readDatabase(
  { url, include, exclude, keyColumns, maxValueSize, replica }: NonNullable<ParsedConfig["database"]>,
  routes: ParsedConfig["routes"],
  directory: string,
  problems: ConfigProblem[],
): DatabaseConfig | undefined {
  for (const [column, name] of Object.entries(keyColumns)) {
    if (routes.some((route) => route.name === name)) continue;
    problems.push({
      path: `database.keyColumns["${column}"]`,
      message: `names the route "${name}", which there is not.`,
      fix: `Name one of: ${routes.map((route) => route.name).join(", ")}.`,
    });
  }
  if (replica !== undefined && parseDatabaseUrl(replica, directory)?.kind !== "postgres") {
    problems.push({
      path: "database.replica",
      message: "is no Postgres URL.",
      fix: "Write postgres://USER@HOST/NAME.",
    });
  }
  const location = readLocation(url, directory, "database.url", problems);
  return location && { ...location, include, exclude, keyColumns, maxValueBytes: maxValueSize, replicaUrl: replica };
}

function readLocation(
  url: string,
  directory: string,
  path: string,
  problems: ConfigProblem[],
): DatabaseLocation | undefined {
  const location = parseDatabaseUrl(url, directory);
  if (location === undefined) {
    problems.push({ path, message: "is no database URL.", fix: "Write sqlite:PATH or postgres://USER@HOST/NAME." });
  }
  return location;
}

type Side = "source" | "target";
type ReadSides = ReadonlyMap<string, SideConfig>;

/** Looks at every side that is there, even when the rest of the file is not sound, so that all problems come at once. */
async function readSides(
  resolved: unknown,
  directory: string,
  problems: ConfigProblem[],
  said: ReadonlySet<string>,
): Promise<ReadSides> {
  const found = new Map<string, SideConfig>();
  const routes = (resolved as { routes?: unknown } | null | undefined)?.routes;
  if (!Array.isArray(routes)) return found;
  for (const [index, route] of routes.entries()) {
    for (const which of ["source", "target"] as const) {
      const side = (route as Partial<Record<Side, unknown>> | null | undefined)?.[which];
      if (typeof side !== "object" || side === null) continue;
      const read = await readSide(
        side as Record<string, unknown>,
        `routes[${index}].${which}`,
        directory,
        problems,
        said,
      );
      if (read !== undefined) found.set(`${index} ${which}`, read);
    }
  }
  return found;
}

async function readSide(
  side: Readonly<Record<string, unknown>>,
  path: string,
  directory: string,
  problems: ConfigProblem[],
  said: ReadonlySet<string>,
): Promise<SideConfig | undefined> {
  const { adapter: name, prefix = "", ...given } = side;
  // Both are problems that the outer schema names.
  if (typeof name !== "string" || name === "" || typeof prefix !== "string") return undefined;
  let adapter: StorageAdapter;
  try {
    adapter = await loadAdapter(name, directory);
  } catch (error) {
    problems.push({ path: path === "" ? "adapter" : `${path}.adapter`, message: (error as Error).message });
    return undefined;
  }
  const result = await adapter.options["~standard"].validate(given);
  if (result.issues !== undefined) {
    const issues = result.issues.map((issue) => schemaProblem(issue, path));
    problems.push(...issues.filter((problem) => !said.has(problem.path)));
    return undefined;
  }
  const config = { adapter, options: result.value, prefix, identity: sideIdentity(name, given, prefix) };
  // With a value missing, options that do not fit each other are no news.
  const incomplete = [...said].some((place) => place.startsWith(path));
  return incomplete || tryCreate(config, path, problems) ? config : undefined;
}

/** Options can fit their schema and not each other; making a provider does no I/O, so it is a cheap way to find out. */
function tryCreate(side: SideConfig, path: string, problems: ConfigProblem[]): boolean {
  try {
    void side.adapter.create(side.options).close();
    return true;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    problems.push({ path, message: error.message, fix: error.hint });
    return false;
  }
}

function routesOf(parsed: ParsedConfig, sides: ReadSides): RouteConfig[] {
  return parsed.routes.map((route, index) => {
    const { name } = route;
    const source = sides.get(`${index} source`);
    const target = sides.get(`${index} target`);
    if (source === undefined || target === undefined)
      throw new Error(`route ${name} has no sides, and no problem says why`);
    return { name, source, target, selection: selectionOf(parsed.copy, route) };
  });
}

function schemaProblem(issue: SchemaIssue, under = ""): ConfigProblem {
  const path = pathOf(issue.path ?? []);
  const joined = under === "" ? path : path === "" ? under : path.startsWith("[") ? under + path : `${under}.${path}`;
  return { path: joined, message: issue.message.endsWith(".") ? issue.message : `${issue.message}.` };
}
