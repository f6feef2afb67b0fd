import { sql } from "kysely";
import type { AppDatabase } from "./dialect.ts";

/** Both databases spell them alike. One name is enough: cells are written one after another. */
const NAME = sql.raw("bucketferry_cell");

export async function setSavepoint(db: AppDatabase): Promise<void> {
  await sql`savepoint ${NAME}`.execute(db);
}

export async function releaseSavepoint(db: AppDatabase): Promise<void> {
  await sql`release savepoint ${NAME}`.execute(db);
}

/** Takes back what was done since, and forgets the savepoint. */
export async function rollbackToSavepoint(db: AppDatabase): Promise<void> {
  await sql`rollback to savepoint ${NAME}`.execute(db);
  await releaseSavepoint(db);
}
