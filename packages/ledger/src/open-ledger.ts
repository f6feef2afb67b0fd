import type { Kysely } from "kysely";
import { compareRoutes, fingerprintOf, type RouteDifference, type RouteIdentity } from "./fingerprint.ts";
import type { Ledger, WalkOptions } from "./ledger.ts";
import { LedgerError } from "./ledger-error.ts";
import { takeLock, type LedgerLock } from "./lock/ledger-lock.ts";
import { thisProcess, type ProcessIdentity } from "./lock/process-identity.ts";
import { applyChanges, assertLegal } from "./objects/apply-changes.ts";
import { countByReason, countByState, findObjects, notCarriedObjects, objectPage } from "./objects/object-queries.ts";
import type { ObjectRecord } from "./objects/object-record.ts";
import { orderedPages } from "./objects/ordered-pages.ts";
import { OBJECT_STATES } from "./objects/states.ts";
import { objectWriter } from "./objects/object-writer.ts";
import { insertEvent, lastEvents } from "./runs/events.ts";
import { finishRun, insertRun, lastRuns } from "./runs/runs.ts";
import { appliedMigrations, migrateSchema, migrationsFor } from "./schema/migrations.ts";
import type { LedgerTables } from "./schema/tables.ts";
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
      lock = await file.exclusively(async (db) => {
        await migrateSchema(db, migrationsFor("sqlite"), path);
        const taken = await takeLock(db, { owner, command: options.command, leaseMs, now });
        await adoptRoutes(db, options, fingerprint, now());
        return taken;
      });
    } else {
      await refuseOtherSchema(file.db, path);
      await refuseOtherRoutes(file.db, await recordedRoutes(file.db), options, fingerprint);
    }
    routeIds = new Map(
      (await file.db.selectFrom("routes").select(["name", "id"]).execute()).map((row) => [row.name, row.id]),
    );
  } catch (error) {
    await file.close();
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

  const read = async <T>(work: (db: Kysely<LedgerTables>) => Promise<T>): Promise<T> => {
    if (closed) throw new LedgerError("Closed", `The ledger ${path} has been closed.`);
    try {
      return await work(file.db);
    } catch (error) {
      throw ledgerErrorOf(error, path);
    }
  };

  const write = async <T>(work: (db: Kysely<LedgerTables>) => Promise<T>): Promise<T> => {
    if (closed) throw new LedgerError("Closed", `The ledger ${path} has been closed.`);
    if (lock === undefined) throw new LedgerError("ReadOnly", `The ledger ${path} was opened to read.`);
    try {
      return await file.exclusively(async (db) => {
        await lock.confirm(db);
        return work(db);
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
      : setInterval(() => void write(async () => undefined).catch(() => undefined), Math.max(10, leaseMs / 3)).unref();

  const pageOf = (request: Parameters<Ledger["objects"]["page"]>[0]) =>
    read((db) =>
      objectPage(db, {
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

  const commitUpload = groupCommit<Kysely<LedgerTables>>(write);

  const commit = (changes: Parameters<Ledger["objects"]["write"]>[0]) =>
    write(async () => applyChanges(file.prepare, changes, routeIds, now()));

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
      find: (route, keys) => read((db) => findObjects(db, route, routeId(route), keys)),
      count: () => read((db) => countByState(db, routeNames)),
      countByReason: (states) => read((db) => countByReason(db, routeNames, states)),
      notCarried: (route, limit) => read((db) => notCarriedObjects(db, route, routeId(route), limit)),
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
        runId = await write((db) => insertRun(db, { command, version, host, pid, startedAt: now() }));
        return runId;
      },
      finish: (exitCode, summary) => write((db) => finishRun(db, runId, { finishedAt: now(), exitCode, summary })),
      last: (limit = 20) => read((db) => lastRuns(db, limit)),
    },

    events: {
      note: (event) =>
        write((db) =>
          insertEvent(db, event, {
            runId,
            routeId: event.route === undefined ? null : routeId(event.route),
            at: now(),
          }),
        ),
      last: ({ limit = 100, types } = {}) => read((db) => lastEvents(db, routeNames, { limit, types })),
    },

    uploads: {
      start: (upload) => commitUpload((db) => startUpload(db, routeId(upload.route), upload)),
      addPart: (route, key, part) => commitUpload((db) => recordPart(db, routeId(route), key, part)),
      find: (route, key) => read((db) => findUpload(db, route, routeId(route), key)),
      forget: (route, key) => commitUpload((db) => forgetUpload(db, routeId(route), key)),
      async *walk(route) {
        for (let after: string | undefined; ;) {
          const request = { route, routeId: routeId(route), after, limit: PAGE_SIZE };
          const page = await read((db) => uploadPage(db, request));
          yield* page;
          if (page.length < PAGE_SIZE) return;
          after = page.at(-1)?.key;
        }
      },
    },

    owner: () =>
      read(async (db) => {
        const row = await db.selectFrom("lock").selectAll().executeTakeFirst();
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
        // A lock that cannot be given back, as on a full disk, is found dead by the next owner.
        if (lock !== undefined) await file.exclusively((db) => lock.release(db)).catch(() => undefined);
      } finally {
        closed = true;
        await file.close();
      }
    },
  };
}

async function refuseOtherSchema(db: Kysely<LedgerTables>, path: string): Promise<void> {
  const known = Object.keys(migrationsFor("sqlite"));
  const applied = await appliedMigrations(db);
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

async function recordedRoutes(db: Kysely<LedgerTables>): Promise<RouteIdentity[]> {
  const rows = await db.selectFrom("routes").selectAll().orderBy("id").execute();
  return rows.map((row) => ({
    name: row.name,
    sourceIdentity: row.source_identity,
    targetIdentity: row.target_identity,
  }));
}

/** Binds a new ledger to the routes, and holds an old one to those that it was made for. */
async function adoptRoutes(
  db: Kysely<LedgerTables>,
  options: OpenLedgerOptions,
  fingerprint: string,
  now: number,
): Promise<void> {
  const recorded = await recordedRoutes(db);
  await refuseOtherRoutes(db, recorded, options, fingerprint);

  for (const route of options.routes) {
    if (recorded.some((known) => known.name === route.name)) continue;
    await db
      .insertInto("routes")
      .values({
        name: route.name,
        source_identity: route.sourceIdentity,
        target_identity: route.targetIdentity,
        created_at: now,
      })
      .execute();
  }
  const row = { id: 1, fingerprint, created_at: now, created_by: options.version };
  await db
    .insertInto("ledger")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ fingerprint }))
    .execute();
}

async function refuseOtherRoutes(
  db: Kysely<LedgerTables>,
  recorded: readonly RouteIdentity[],
  options: OpenLedgerOptions,
  fingerprint: string,
): Promise<void> {
  const ledger = await db.selectFrom("ledger").select("fingerprint").executeTakeFirst();
  if (ledger === undefined || ledger.fingerprint === fingerprint) return;
  const differences = compareRoutes(recorded, options.routes);
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
