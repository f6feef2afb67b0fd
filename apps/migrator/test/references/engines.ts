import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import pg from "pg";
import type { DatabaseLocation } from "../../src/references/contract.ts";

/** A database of the app's own, and a second connection into it: the app. */
export interface AppDatabase {
  readonly location: DatabaseLocation;
  readonly label: (table: string) => string;
  run(statement: string, ...values: readonly unknown[]): Promise<void>;
  rows(query: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function sqliteApp(): Promise<AppDatabase> {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-references-"));
  const path = join(directory, "app.db");
  const connection = new SqliteDatabase(path);
  // Data of tests need not survive a loss of power.
  connection.pragma("synchronous = off");
  return {
    location: { kind: "sqlite", path },
    label: (table) => table,
    async run(statement, ...values) {
      connection.prepare(statement.replaceAll(/\$\d+/g, "?").replaceAll("jsonb", "json")).run(...values);
    },
    rows: async (query) => connection.prepare(query).all() as Record<string, unknown>[],
    async close() {
      connection.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

let databases = 0;

/** A new database on a server that runs. */
export async function postgresApp(serverUrl: string): Promise<AppDatabase> {
  const name = `references_${process.pid}_${(databases += 1)}`;
  await once(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  return {
    location: { kind: "postgres", url: url.href },
    label: (table) => `public.${table}`,
    async run(statement, ...values) {
      await client.query(statement, [...values]);
    },
    rows: async (query) => (await client.query<Record<string, unknown>>(query)).rows,
    async close() {
      await client.end();
      await once(serverUrl, `drop database ${name} with (force)`);
    },
  };
}

async function once(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
