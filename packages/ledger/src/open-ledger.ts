import { compareRoutes, fingerprintOf, type RouteDifference, type RouteIdentity } from "./fingerprint.ts";
import type { Ledger, WalkOptions } from "./ledger.ts";
import { LedgerError } from "./ledger-error.ts";
import { lockRow, takeLock, type LedgerLock } from "./lock/ledger-lock.ts";
import { thisProcess, type ProcessIdentity } from "./lock/process-identity.ts";
import { applyChanges, assertLegal } from "./objects/apply-changes.ts";
import {
  countByReason,
  countByState,
  countNotCarried,
  findObjects,
  notCarriedPage,
  objectPage,
} from "./objects/object-queries.ts";
import type { ObjectRecord } from "./objects/object-record.ts";
import { orderedPages } from "./objects/ordered-pages.ts";
import { OBJECT_STATES } from "./objects/states.ts";
import { objectWriter } from "./objects/object-writer.ts";
import { insertEvent, lastEvents } from "./runs/events.ts";
import { finishRun, insertRun, lastRuns } from "./runs/runs.ts";
import { appliedMigrations, migrateSchema, MIGRATIONS } from "./schema/migrations.ts";
import type { LedgerTable, RoutesTable } from "./schema/tables.ts";
import type { Sql } from "./sqlite/sql.ts";
import { ledgerErrorOf } from "./sqlite/sqlite-errors.ts";
import { openSqliteFile, type SqliteFile } from "./sqlite/sqlite-file.ts";
import { groupCommit } from "./uploads/group-commit.ts";
import { findUpload, forgetUpload, recordPart, startUpload, uploadPage } from "./uploads/uploads.ts";

export interface OpenLedgerOptions {
  /** The file; it and its folder are made when they are missing and `mode` is `write`. */
  readonly path: string;
  /** The routes of the configuration. A ledger that was made for others is refused. */
  readonly routes: readonly RouteIdentity[];
  /** `write` takes the lock; `read` needs none, and changes nothing. */
  readonly mode: "write" | "read";
  /** What this process does, for whoever finds the ledger held: `copy`. */
  readonly command: string;
  /** Version of this program, kept with each run. */
  readonly version: string;
  /** Takes routes that were added or left out since; never one whose source or target is another now. */
  readonly acceptRoutes?: boolean | undefined;
  /** After so long without a sign of life an owner on another host counts as dead, in milliseconds. */
  readonly leaseMs?: number | undefined;
  /** How long to wait for another process that has the file locked, in milliseconds. */
  readonly busyTimeoutMs?: number | undefined;
  readonly owner?: ProcessIdentity | undefined;
  readonly now?: (() => number) | undefined;
}

const LEASE_MS = 30_000;
const BUSY_TIMEOUT_MS = 5_000;
const PAGE_SIZE = 1_000;

/**
 * Opens the ledger at `path`.
 * @throws LedgerError NotFound, NotALedger, Corrupt, OtherRun, NewerSchema, Held, DiskFull, ReadOnly, Io, Busy
 */
export async function openLedger(options: OpenLedgerOptions): Promise<Ledger> {
  const { path, routes, mode } = options;
  const now = options.now ?? Date.now;
  const owner = options.owner ?? thisProcess();
  const leaseMs = options.leaseMs ?? LEASE_MS;
  const fingerprint = fingerprintOf(routes);

  const file = openSqliteFile(path, {
    create: mode === "write",
    busyTimeoutMs: options.busyTimeoutMs ?? BUSY_TIMEOUT_MS,
  });

  let lock: LedgerLock | undefined;
  let routeIds: ReadonlyMap<string, number>;
  try {
    if (mode === "write") {
      lock = file.exclusively((sql) => {
        migrateSchema(sql, MIGRATIONS, path);
        const taken = takeLock(sql, { owner, command: options.command, leaseMs, now });
        adoptRoutes(sql, options, fingerprint, now());
        return taken;
      });
    } else {
      refuseOtherSchema(file.sql, path);
      refuseOtherRoutes(file.sql, recordedRoutes(file.sql), options, fingerprint);
    }
    routeIds = new Map(file.sql.all<RoutesTable>("select * from routes").map(({ name, id }) => [name, id]));
  } catch (error) {
    file.close();
    throw ledgerErrorOf(error, path);
  }

  return ledgerOn({ file, lock, routeIds, options, owner, fingerprint, leaseMs, now });
}

interface OpenParts {
  readonly file: SqliteFile;
  readonly lock: LedgerLock | undefined;
  readonly routeIds: ReadonlyMap<string, number>;
  readonly options: OpenLedgerOptions;
  readonly owner: ProcessIdentity;
  readonly fingerprint: string;
  readonly leaseMs: number;
  readonly now: () => number;
}

function ledgerOn({ file, lock, routeIds, options, owner, fingerprint, leaseMs, now }: OpenParts): Ledger {
  const { path } = options;
  const lost = new AbortController();
  const configured = new Set(options.routes.map((route) => route.name));
  const routeNames = new Map([...routeIds].filter(([name]) => configured.has(name)).map(([name, id]) => [id, name]));
  let runId = 0;
  let closed = false;

  // A ledger that was opened to read may not know a new route yet: it has no objects, under an id that no route gets.
  const routeId = (route: string): number => {
    const id = routeIds.get(route) ?? (lock === undefined ? 0 : undefined);
    if (id === undefined) throw new LedgerError("Unexpected", `The ledger ${path} has no route ${route}.`);
    return id;
  };

  const read = async <T>(work: (sql: Sql) => T): Promise<T> => {
    if (closed) throw new LedgerError("Closed", `The ledger ${path} has been closed.`);
    try {
      return work(file.sql);
    } catch (error) {
      throw ledgerErrorOf(error, path);
    }
  };

  const write = async <T>(work: (sql: Sql) => T): Promise<T> => {
    if (closed) throw new LedgerError("Closed", `The ledger ${path} has been closed.`);
    if (lock === undefined) throw new LedgerError("ReadOnly", `The ledger ${path} was opened to read.`);
    try {
      if (!file.isInPlace()) throw fileGone(path);
      return file.exclusively((sql) => {
        lock.confirm(sql);
        return work(sql);
      });
    } catch (error) {
      const named = ledgerErrorOf(error, path);
      if (named.code === "Lost") lost.abort(named);
      throw named;
    }
  };

  // A heartbeat that fails for another reason than a lost lock is not told: the next write meets the same trouble and tells it.
  const heartbeat =
    lock === undefined
      ? undefined
      : setInterval(() => void write(() => undefined).catch(() => undefined), Math.max(10, leaseMs / 3)).unref();

  const pageOf = (request: Parameters<Ledger["objects"]["page"]>[0]) =>
    read((sql) =>
      objectPage(sql, {
        route: request.route,
        routeId: routeId(request.route),
        states: request.states,
        after: request.after,
        limit: request.limit ?? PAGE_SIZE,
      }),
    );

  async function* pages({
    signal,
    order = "key",
    ...request
  }: WalkOptions): AsyncGenerator<readonly ObjectRecord[], void, undefined> {
    let { after } = request;
    if (order !== "key") {
      const { route, states = OBJECT_STATES } = request;
      yield* orderedPages(read, { routeId: routeId(route), route, states, order, pageSize: PAGE_SIZE / 2, signal });
      return;
    }
    for (;;) {
      signal?.throwIfAborted();
      const page = await pageOf({ ...request, after });
      yield page;
      if (page.length < PAGE_SIZE) return;
      after = page.at(-1)?.key;
    }
  }

  const commitUpload = groupCommit<Sql>(write);

  const commit = (changes: Parameters<Ledger["objects"]["write"]>[0]) =>
    write((sql) => applyChanges(sql, changes, routeIds, now()));

  return {
    path,
    fingerprint,
    lost: lost.signal,
    taken: lock?.taken,

    objects: {
      page: pageOf,
      pages,
      async *walk(request) {
        for await (const page of pages(request)) yield* page;
      },
      find: (route, keys) => read((sql) => findObjects(sql, route, routeId(route), keys)),
      count: () => read((sql) => countByState(sql, routeNames)),
      countByReason: (states) => read((sql) => countByReason(sql, routeNames, states)),
      notCarried: (page) => read((sql) => notCarriedPage(sql, { ...page, routeId: routeId(page.route) })),
      countNotCarried: (route) => read((sql) => countNotCarried(sql, routeId(route))),
      async write(changes) {
        for (const change of changes) assertLegal(change);
        await commit(changes);
      },
    },

    writer: (writerOptions) => objectWriter(commit, writerOptions),

    runs: {
      async start() {
        const { command, version } = options;
        const { host, pid } = owner;
        runId = await write((sql) => insertRun(sql, { command, version, host, pid, startedAt: now() }));
        return runId;
      },
      finish: (exitCode, summary) => write((sql) => finishRun(sql, runId, { finishedAt: now(), exitCode, summary })),
      last: (limit = 20) => read((sql) => lastRuns(sql, limit)),
    },

    events: {
      note: (event) =>
        write((sql) =>
          insertEvent(sql, event, {
            runId,
            routeId: event.route === undefined ? null : routeId(event.route),
            at: now(),
          }),
        ),
      last: ({ limit = 100, types } = {}) => read((sql) => lastEvents(sql, routeNames, { limit, types })),
    },

    uploads: {
      start: (upload) => commitUpload((sql) => startUpload(sql, routeId(upload.route), upload)),
      addPart: (route, key, part) => commitUpload((sql) => recordPart(sql, routeId(route), key, part)),
      find: (route, key) => read((sql) => findUpload(sql, route, routeId(route), key)),
      forget: (route, key) => commitUpload((sql) => forgetUpload(sql, routeId(route), key)),
      async *walk(route) {
        for (let after: string | undefined; ;) {
          const request = { route, routeId: routeId(route), after, limit: PAGE_SIZE };
          const page = await read((sql) => uploadPage(sql, request));
          yield* page;
          if (page.length < PAGE_SIZE) return;
          after = page.at(-1)?.key;
        }
      },
    },

    owner: () =>
      read((sql) => {
        const row = lockRow(sql);
        if (row === undefined || row.held === 0) return undefined;
        const { host, pid, command, acquired_at: acquiredAt, heartbeat_at: heartbeatAt } = row;
        return { host, pid, command, acquiredAt, heartbeatAt };
      }),

    checkIntegrity() {
      try {
        return file.checkIntegrity();
      } catch (error) {
        throw ledgerErrorOf(error, path);
      }
    },

    async close() {
      if (closed) return;
      clearInterval(heartbeat);
      try {
        lock?.letGo();
        if (lock !== undefined) release(file, lock);
      } finally {
        closed = true;
        file.close();
      }
    },
  };
}

function fileGone(path: string): LedgerError {
  return new LedgerError("Lost", `The file of the ledger was removed or replaced while it was open: ${path}.`, {
    hint: "What was done since is on no record. Run `bucketferry plan` again: objects that were copied are recognised at the target.",
  });
}

/** A lock that cannot be given back, as on a full disk, is found dead by the next owner. */
function release(file: SqliteFile, lock: LedgerLock): void {
  try {
    file.exclusively((sql) => lock.release(sql));
  } catch {
    // Said above.
  }
}

function refuseOtherSchema(sql: Sql, path: string): void {
  const known = Object.keys(MIGRATIONS);
  const applied = appliedMigrations(sql);
  if (applied.length === known.length && applied.every((name) => known.includes(name))) return;
  const newer = applied.some((name) => !known.includes(name));
  throw new LedgerError(
    newer ? "NewerSchema" : "NotFound",
    newer
      ? `The ledger ${path} has schema ${applied.at(-1)}, and this version of bucketferry knows schemas up to ${known.at(-1)}.`
      : `The ledger ${path} has schema ${applied.at(-1) ?? "none"}, and this version of bucketferry needs ${known.at(-1)}.`,
    {
      hint: newer
        ? "Use the version of bucketferry that wrote the ledger, or a later one."
        : "Run `bucketferry plan`: commands that write bring the schema up to date.",
    },
  );
}

function recordedRoutes(sql: Sql): RouteIdentity[] {
  return sql.all<RoutesTable>("select * from routes order by id").map((row) => ({
    name: row.name,
    sourceIdentity: row.source_identity,
    targetIdentity: row.target_identity,
  }));
}

/** Binds a new ledger to the routes, and holds an old one to those that it was made for. */
function adoptRoutes(sql: Sql, options: OpenLedgerOptions, fingerprint: string, now: number): void {
  const recorded = recordedRoutes(sql);
  refuseOtherRoutes(sql, recorded, options, fingerprint);

  for (const { name, sourceIdentity, targetIdentity } of options.routes) {
    if (recorded.some((known) => known.name === name)) continue;
    sql.run(
      "insert into routes (name, source_identity, target_identity, created_at) values (?, ?, ?, ?)",
      name,
      sourceIdentity,
      targetIdentity,
      now,
    );
  }
  sql.run(
    `insert into ledger (id, fingerprint, created_at, created_by) values (1, ?, ?, ?)
     on conflict (id) do update set fingerprint = excluded.fingerprint`,
    fingerprint,
    now,
    options.version,
  );
}

function refuseOtherRoutes(
  sql: Sql,
  recorded: readonly RouteIdentity[],
  options: OpenLedgerOptions,
  fingerprint: string,
): void {
  const ledger = sql.first<LedgerTable>("select * from ledger");
  if (ledger === undefined || ledger.fingerprint === fingerprint) return;
  const differences = compareRoutes(recorded, options.routes);
  // A route that was left out for a while is back, as it was.
  if (differences.length === 0) return;
  const dangerous = differences.some((difference) => difference.dangerous);
  // Leaving routes out, or adding some, changes nothing about the objects of the others.
  if (!dangerous && (options.acceptRoutes === true || options.mode === "read")) return;
  throw new LedgerError(
    "OtherRun",
    `The ledger ${options.path} has fingerprint ${ledger.fingerprint}, the configuration ${fingerprint}: ${differences.map(describe).join("; ")}.`,
    {
      hint: dangerous
        ? "Objects on record would be taken for copies that they are not. Give the route another name, or name another ledger in the configuration."
        : "Use --accept-route-changes to go on with the routes of the configuration, or name another ledger.",
    },
  );
}

function describe(difference: RouteDifference): string {
  return `route ${difference.name} ${difference.difference}`;
}
