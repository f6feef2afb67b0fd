import { LedgerError } from "../ledger-error.ts";
import type { LockTable } from "../schema/tables.ts";
import { placeholders, type Sql, type SqlValue } from "../sqlite/sql.ts";
import { mayTake, type LockDecision } from "./may-take.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

export interface LockOptions {
  readonly owner: ProcessIdentity;
  /** What the owner does, for the one who is refused. */
  readonly command: string;
  readonly leaseMs: number;
  readonly now: () => number;
}

/** Held from `takeLock` to `release`, or until another migrator takes the ledger over. */
export interface LedgerLock {
  readonly fence: number;
  /** How the lock came to us. */
  readonly taken: Exclude<LockDecision, "held">;
  /**
   * The first statement of every transaction that writes: proves that the ledger is still ours, counts as a heartbeat,
   * and takes the database's write lock before anything is read.
   * @throws LedgerError Lost
   */
  confirm(sql: Sql): void;
  /** This process is the owner no more, also where the ledger cannot be told so. */
  letGo(): void;
  release(sql: Sql): void;
}

const LOCK_ROW = 1;

/** Locks that this process has let go of; on a full disk the ledger itself cannot be told so. */
const letGo = new Set<string>();

function nameOf({ host_identity, pid, process_start, fence, acquired_at }: LockTable): string {
  return [host_identity, pid, process_start, fence, acquired_at].join("/");
}

/**
 * Makes this process the owner of the ledger; the caller is inside an exclusive transaction.
 * @throws LedgerError Held, naming the owner
 */
export function takeLock(sql: Sql, options: LockOptions): LedgerLock {
  const now = options.now();
  const present = lockRow(sql);
  const taken = decide(present, options, now);
  if (taken === "held") throw heldBy(present, now);

  const fence = (present?.fence ?? 0) + 1;
  const row: LockTable = {
    id: LOCK_ROW,
    fence,
    held: 1,
    host: options.owner.host,
    host_identity: options.owner.hostIdentity,
    pid: options.owner.pid,
    process_start: options.owner.processStart,
    command: options.command,
    acquired_at: now,
    heartbeat_at: now,
  };
  const columns = Object.keys(row);
  sql.run(
    `insert into lock (${columns.join(", ")}) values (${placeholders(columns)})
     on conflict (id) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(", ")}`,
    ...(Object.values(row) as SqlValue[]),
  );

  return {
    fence,
    taken,
    confirm(connection) {
      const written = connection.run(
        "update lock set heartbeat_at = ? where id = ? and fence = ? and held = 1",
        options.now(),
        LOCK_ROW,
        fence,
      );
      if (written === 1) return;
      const owner = lockRow(connection);
      throw new LedgerError(
        "Lost",
        owner?.held === 1
          ? `The ledger was taken over by ${describeOwner(owner)} while this process did not answer.`
          : "The ledger was taken over while this process did not answer.",
        { hint: "Nothing was recorded since. Let the other one finish, or stop it and run this command again." },
      );
    },
    letGo() {
      letGo.add(nameOf(row));
    },
    release(connection) {
      connection.run("update lock set held = 0 where id = ? and fence = ? and held = 1", LOCK_ROW, fence);
    },
  };
}

/** Undefined when the ledger has never been held. */
export function lockRow(sql: Sql): LockTable | undefined {
  return sql.first<LockTable>("select * from lock where id = ?", LOCK_ROW);
}

function decide(present: LockTable | undefined, options: LockOptions, now: number): LockDecision {
  if (present === undefined) return "free";
  const sameHost = present.host_identity === options.owner.hostIdentity;
  return mayTake({
    held: present.held === 1 && !letGo.has(nameOf(present)),
    sameHost,
    alive: sameHost && isAlive({ pid: present.pid, processStart: present.process_start }),
    heartbeatAgeMs: now - present.heartbeat_at,
    leaseMs: options.leaseMs,
  });
}

function heldBy(owner: LockTable | undefined, now: number): LedgerError {
  if (owner === undefined) return new LedgerError("Held", "The ledger is held by another process.");
  const seconds = Math.round(Math.max(0, now - owner.heartbeat_at) / 1000);
  return new LedgerError(
    "Held",
    `The ledger is held by ${describeOwner(owner)}, since ${new Date(owner.acquired_at).toISOString()}, last heard of ${seconds} s ago.`,
    { hint: "Wait until it has finished, or stop it. Two migrators on one ledger would do the same work twice." },
  );
}

function describeOwner(owner: LockTable): string {
  return `process ${owner.pid} on ${owner.host} (${owner.command})`;
}
