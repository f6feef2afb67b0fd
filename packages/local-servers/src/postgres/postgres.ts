import { randomBytes } from "node:crypto";
import { requireEngine } from "../engines/require-engine.ts";
import { LOOPBACK } from "../local-server.ts";
import { startCluster, SUPERUSER } from "./cluster.ts";
import { findPostgresBinaries } from "./find-binaries.ts";

export interface PostgresOptions {
  /** Where data is kept, made when missing; without it in a temporary directory that `close` removes. */
  readonly directory?: string | undefined;
  /** The folder of `initdb` and `postgres`. Default: the one in PATH, else the newest that is installed. */
  readonly binaries?: string | undefined;
}

export interface PostgresServer {
  /** Of the database `postgres`; whoever connects by it is a superuser. */
  readonly url: string;
  /** Makes an empty database and gives its URL: one for each test file keeps them apart. */
  createDatabase(): Promise<string>;
  /** Ends it, or, where it is somebody else's server, drops the databases that were made here. Again is no error. */
  close(): Promise<void>;
}

export const POSTGRES_HINT =
  "Install PostgreSQL 15 or newer (initdb and postgres are looked for in PATH and in the usual folders), or name a server in BUCKETFERRY_TEST_POSTGRES_URL whose user may create databases.";

/**
 * A PostgreSQL for tests: the server that BUCKETFERRY_TEST_POSTGRES_URL names, else a fresh cluster of the installed
 * programs, on the loopback interface with a password of its own. Undefined when there is neither.
 */
export async function postgres(options: PostgresOptions = {}): Promise<PostgresServer | undefined> {
  const named = process.env["BUCKETFERRY_TEST_POSTGRES_URL"] ?? "";
  if (named !== "" && options.binaries === undefined && options.directory === undefined) {
    return serverAt(named, async () => {}, "drop");
  }
  const binaries = options.binaries ?? findPostgresBinaries();
  if (binaries === undefined) return undefined;
  const cluster = await startCluster(binaries, options.directory);
  const url = `postgres://${SUPERUSER}:${cluster.password}@${LOOPBACK}:${cluster.port}/postgres`;
  return serverAt(url, () => cluster.stop(), "leave");
}

/** The same for tests: a missing PostgreSQL skips them loudly, and fails in CI. */
export async function requirePostgres(options: PostgresOptions = {}): Promise<PostgresServer | undefined> {
  return requireEngine("PostgreSQL", await postgres(options), POSTGRES_HINT);
}

function serverAt(url: string, stop: () => Promise<void>, databasesAtEnd: "drop" | "leave"): PostgresServer {
  const made: string[] = [];
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    if (databasesAtEnd === "drop") {
      for (const name of made) await execute(url, `drop database if exists ${name} with (force)`);
    }
    await stop();
  };
  return {
    url,
    async createDatabase() {
      const name = `bucketferry_${randomBytes(8).toString("hex")}`;
      await execute(url, `create database ${name}`);
      made.push(name);
      const own = new URL(url);
      own.pathname = `/${name}`;
      return own.href;
    },
    close: () => (closed ??= close()),
  };
}

async function execute(url: string, statement: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
