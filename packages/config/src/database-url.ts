import { isAbsolute, resolve } from "node:path";

/** Where rows live: one SQLite file (absolute path), or a Postgres server. */
export type DatabaseLocation =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string };

/**
 * `sqlite:relative/or/absolute/path` (relative to the configuration), `sqlite:///absolute/path`, or `postgres://…`.
 * Undefined for anything else.
 */
export function parseDatabaseUrl(url: string, directory: string): DatabaseLocation | undefined {
  if (/^postgres(ql)?:\/\//.test(url)) return URL.canParse(url) ? { kind: "postgres", url } : undefined;
  const path = /^(?:sqlite:(?:\/\/(?=\/))?)(.+)$/.exec(url)?.[1];
  if (path === undefined) return undefined;
  return { kind: "sqlite", path: isAbsolute(path) ? path : resolve(directory, path) };
}

/** The location without its password, for messages and fingerprints. */
export function describeDatabase(location: DatabaseLocation): string {
  if (location.kind === "sqlite") return `sqlite:${location.path}`;
  const { host, pathname } = new URL(location.url);
  return `postgres://${host}${pathname}`;
}
