import type { Kysely } from "kysely";
import { LedgerError } from "../ledger-error.ts";
import type { LedgerTables, LockTable } from "../schema/tables.ts";
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
  confirm(db: Kysely<LedgerTables>): Promise<void>;
  /** This process is the owner no more, also where the ledger cannot be told so. */
  letGo(): void;
  release(db: Kysely<LedgerTables>): Promise<void>;
}

const LOCK_ROW = 1;

/** Locks that this process has let go of; on a full disk the ledger itself cannot be told so. */
const letGo = new Set<string>();

function nameOf({ host_identity, pid, process_start, fence, acquired_at }: LockTable): string {
  return [host_identity, pid, process_start, fence, acquired_at].join("/");
}

/**
 * Makes this process the owner of the ledger; `db` is inside an exclusive transaction.
 * @throws LedgerError Held, naming the owner
 */
export async function takeLock(db: Kysely<LedgerTables>, options: LockOptions): Promise<LedgerLock> {
  const now = options.now();
  const present = await db.selectFrom("lock").selectAll().where("id", "=", LOCK_ROW).executeTakeFirst();
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
  await db
    .insertInto("lock")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
    .execute();

  const ours = (connection: Kysely<LedgerTables>) =>
    connection.updateTable("lock").where("id", "=", LOCK_ROW).where("fence", "=", fence).where("held", "=", 1);

  return {
    fence,
    taken,
    async confirm(connection) {
      const result = await ours(connection).set({ heartbeat_at: options.now() }).executeTakeFirst();
      if (result.numUpdatedRows === 1n) return;
      const owner = await connection.selectFrom("lock").selectAll().where("id", "=", LOCK_ROW).executeTakeFirst();
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
    async release(connection) {
      await ours(connection).set({ held: 0 }).execute();
    },
  };
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
