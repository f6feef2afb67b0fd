import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Route } from "@bucketferry/config";
import type { Ledger } from "@bucketferry/ledger";
import SqliteDatabase from "better-sqlite3";
import { reconcileObject, type ReconcileFinding } from "../decide/reconcile-object.ts";
import { listSorted } from "../listing/list-sorted.ts";
import { lineFile, type LineFile } from "../report/line-file.ts";

export interface ReconcileOptions {
  readonly routes: readonly Route[];
  readonly ledger: Ledger;
  readonly signal: AbortSignal;
  /** JSON lines: `{ route, key, finding, references, recorded, atSource, atTarget }`, for all but those that agree. */
  readonly file: string;
  /** Tells of every reference in the database. */
  readonly collect: (
    onReference: (reference: {
      readonly route: string;
      readonly key: string;
      readonly side: "source" | "target";
    }) => void,
  ) => Promise<void>;
}

export interface Reconciliation {
  readonly agreed: number;
  readonly findings: Partial<Readonly<Record<ReconcileFinding, number>>>;
}

interface SeenRow {
  readonly route: string;
  readonly key: string;
  readonly references: number;
  readonly state: string | null;
  readonly at_source: number;
  readonly at_target: number;
}

/** Rows of one transaction: a commit for each would take hours. */
const BATCH = 10_000;

/**
 * Four witnesses side by side: what the database names, what the ledger has on record, and what both sides list now. They
 * come in four orders, and the keys at the target may be others; so they meet in a table on disk, and memory stays the same.
 */
export async function reconcile(options: ReconcileOptions): Promise<Reconciliation> {
  const out = await lineFile(options.file);
  try {
    const found = await reconcileInto(out, options);
    await out.finish();
    return found;
  } catch (error) {
    await out.discard();
    throw error;
  }
}

async function reconcileInto(out: LineFile, options: ReconcileOptions): Promise<Reconciliation> {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-reconcile-"));
  const seen = new SqliteDatabase(join(directory, "seen.db"));
  try {
    // It is thrown away at the end: nothing has to survive anything.
    seen.pragma("journal_mode = off");
    seen.pragma("synchronous = off");
    seen.exec(`
      create table objects (route text, key text, target_key text, refs int not null default 0, state text,
        at_source int not null default 0, primary key (route, key)) without rowid;
      create index by_target on objects (route, target_key);
      create table targets (route text, target_key text, refs int not null default 0, listed int not null default 0,
        primary key (route, target_key)) without rowid;`);
    await collectAll(seen, options);
    return await writeFindings(seen, out, options);
  } finally {
    seen.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function collectAll(
  seen: SqliteDatabase.Database,
  { routes, ledger, signal, collect }: ReconcileOptions,
): Promise<void> {
  const targetKeyOf = new Map(routes.map((route) => [route.name, (key: string) => route.targetKey(key)]));
  const batch = batches(seen);
  const atSource = seen.prepare(`insert into objects (route, key, target_key, refs) values (?, ?, ?, 1)
    on conflict do update set refs = refs + 1`);
  const atTarget = seen.prepare(`insert into targets (route, target_key, refs) values (?, ?, 1)
    on conflict do update set refs = refs + 1`);
  await collect(({ route, key, side }) => {
    if (side === "source") atSource.run(route, key, targetKeyOf.get(route)?.(key) ?? key);
    else atTarget.run(route, key);
    batch.next();
  });
  const recorded = seen.prepare(`insert into objects (route, key, target_key, state) values (?, ?, ?, ?)
    on conflict do update set state = excluded.state, target_key = excluded.target_key`);
  const listedAtSource = seen.prepare(`insert into objects (route, key, target_key, at_source) values (?, ?, ?, 1)
    on conflict do update set at_source = 1`);
  const listedAtTarget = seen.prepare(`insert into targets (route, target_key, listed) values (?, ?, 1)
    on conflict do update set listed = 1`);
  for (const route of routes) {
    for await (const page of ledger.objects.pages({ route: route.name, signal })) {
      for (const { key, targetKey, state } of page) {
        recorded.run(route.name, key, targetKey, state);
        batch.next();
      }
    }
    for await (const page of listSorted(route, "source", (entry) => entry.key, signal).pages) {
      for (const { key } of page) {
        listedAtSource.run(route.name, key, route.targetKey(key));
        batch.next();
      }
    }
    for await (const page of listSorted(route, "target", (entry) => entry.key, signal).pages) {
      for (const { key } of page) {
        listedAtTarget.run(route.name, key);
        batch.next();
      }
    }
  }
  batch.end();
}

function batches(seen: SqliteDatabase.Database): { next(): void; end(): void } {
  let open = 0;
  seen.exec("begin");
  return {
    next() {
      open += 1;
      if (open % BATCH === 0) seen.exec("commit; begin");
    },
    end: () => void seen.exec("commit"),
  };
}

async function writeFindings(
  seen: SqliteDatabase.Database,
  out: LineFile,
  { signal }: ReconcileOptions,
): Promise<Reconciliation> {
  const findings: Partial<Record<ReconcileFinding, number>> = {};
  let agreed = 0;
  // Keys at the target that no object of ours has come last.
  const rows = seen
    .prepare(
      `select o.route, o.key, o.refs + coalesce(t.refs, 0) as "references", o.state, o.at_source, coalesce(t.listed, 0) as at_target
      from objects o left join targets t on t.route = o.route and t.target_key = o.target_key
      union all
      select t.route, t.target_key, t.refs, null, 0, t.listed from targets t
      where not exists (select 1 from objects o where o.route = t.route and o.target_key = t.target_key)`,
    )
    .iterate() as IterableIterator<SeenRow>;
  for (const { route, key, references, state, at_source, at_target } of rows) {
    signal.throwIfAborted();
    const where = {
      referenced: references > 0,
      recorded: state !== null,
      atSource: at_source === 1,
      atTarget: at_target === 1,
    };
    const finding = reconcileObject(where);
    if (finding === undefined) {
      agreed += 1;
      continue;
    }
    findings[finding] = (findings[finding] ?? 0) + 1;
    const { recorded, atSource, atTarget } = where;
    const line = JSON.stringify({
      route,
      key,
      finding,
      references,
      recorded: recorded ? state : null,
      atSource,
      atTarget,
    });
    out.write(`${line}\n`);
    await out.drained();
  }
  return { agreed, findings };
}
