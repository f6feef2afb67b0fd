import { randomUUID } from "node:crypto";
import type { PutResult } from "@bucketferry/storage-core";
import type { Selectable, Transaction } from "kysely";
import type { ServiceDatabase } from "../database/open-database.ts";
import type { LectureTable, ServiceTables } from "../database/tables.ts";
import { Problem } from "../problem/problem.ts";
import { noteUnneeded } from "../uploads/stored-object.ts";

export type LectureRow = Selectable<LectureTable>;

export async function insertLecture(
  db: ServiceDatabase | Transaction<ServiceTables>,
  lecture: { readonly ownerId: string; readonly title: string },
): Promise<LectureRow> {
  const now = new Date().toISOString();
  const row: LectureRow = {
    id: randomUUID(),
    owner_id: lecture.ownerId,
    title: lecture.title,
    audio_key: null,
    audio_url: null,
    audio_content_type: null,
    audio_size_bytes: null,
    audio_etag: null,
    status: "empty",
    duration_seconds: null,
    codec: null,
    bit_rate: null,
    failure: null,
    created_at: now,
    updated_at: now,
  };
  await db.insertInto("lectures").values(row).execute();
  return row;
}

export function findLecture(
  db: ServiceDatabase | Transaction<ServiceTables>,
  id: string,
): Promise<LectureRow | undefined> {
  return db.selectFrom("lectures").selectAll().where("id", "=", id).executeTakeFirst();
}

export interface LecturePage {
  readonly rows: readonly LectureRow[];
  readonly nextCursor: string | undefined;
}

/** Newest first; one owner's, or all of them. */
export async function listLectures(
  db: ServiceDatabase,
  {
    ownerId,
    limit,
    cursor,
  }: { readonly ownerId: string | undefined; readonly limit: number; readonly cursor: string | undefined },
): Promise<LecturePage> {
  const after = cursor === undefined ? undefined : positionOf(cursor);
  let query = db
    .selectFrom("lectures")
    .selectAll()
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (ownerId !== undefined) query = query.where("owner_id", "=", ownerId);
  if (after !== undefined) {
    query = query.where((where) =>
      where.or([
        where("created_at", "<", after.createdAt),
        where.and([where("created_at", "=", after.createdAt), where("id", "<", after.id)]),
      ]),
    );
  }
  const rows = await query.execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last !== undefined ? cursorOf(last) : undefined };
}

function cursorOf({ created_at, id }: LectureRow): string {
  return Buffer.from(JSON.stringify([created_at, id])).toString("base64url");
}

function positionOf(cursor: string): { readonly createdAt: string; readonly id: string } {
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (Array.isArray(position) && typeof position[0] === "string" && typeof position[1] === "string") {
      return { createdAt: position[0], id: position[1] };
    }
  } catch {
    // Said below.
  }
  throw new Problem("InvalidRequest", "The cursor is not one that this list has given.");
}

/**
 * Gives a lecture new audio: the row, the note about the audio it had, and the job that looks into the new one, all or
 * nothing.
 * @throws Problem NotFound when the lecture was deleted while its audio came in
 */
export async function attachAudio(
  transaction: Transaction<ServiceTables>,
  id: string,
  audio: { readonly put: Pick<PutResult, "key" | "size" | "etag">; readonly url: string; readonly contentType: string },
): Promise<LectureRow> {
  const before = await findLecture(transaction, id);
  if (before === undefined) throw new Problem("NotFound", "The lecture was deleted meanwhile.");
  const now = new Date();
  const change = {
    audio_key: audio.put.key,
    audio_url: audio.url,
    audio_content_type: audio.contentType,
    audio_size_bytes: audio.put.size,
    audio_etag: audio.put.etag,
    status: "processing",
    duration_seconds: null,
    codec: null,
    bit_rate: null,
    failure: null,
    updated_at: now.toISOString(),
  } as const;
  // Compared with what was read: two uploads at once must not both believe that they replaced the same audio.
  const { numUpdatedRows } = await transaction
    .updateTable("lectures")
    .set(change)
    .where("id", "=", id)
    .where("audio_key", before.audio_key === null ? "is" : "=", before.audio_key)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) throw new Problem("Conflict", "Another upload for this lecture ended at the same moment.");
  if (before.audio_key !== null && before.audio_key !== audio.put.key) {
    await noteUnneeded(transaction, before.audio_key, now);
  }
  await transaction
    .insertInto("bucketferry_jobs")
    .values({
      kind: "inspect-audio",
      subject_id: id,
      object_key: audio.put.key,
      run_at: now.toISOString(),
      attempts: 0,
      leased_until: null,
      last_error: null,
    })
    .execute();
  return { ...before, ...change };
}

/** Deletes a lecture and notes its audio for deletion; undefined when it is not there. */
export async function deleteLecture(db: ServiceDatabase, id: string): Promise<LectureRow | undefined> {
  return db.transaction().execute(async (transaction) => {
    const row = await transaction.deleteFrom("lectures").where("id", "=", id).returningAll().executeTakeFirst();
    if (row !== undefined && row.audio_key !== null) await noteUnneeded(transaction, row.audio_key, new Date());
    return row;
  });
}
