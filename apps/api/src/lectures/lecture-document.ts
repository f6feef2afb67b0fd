import { z } from "@hono/zod-openapi";
import type { LectureRow } from "./lecture-store.ts";

export const lectureSchema = z
  .object({
    id: z.string(),
    ownerId: z.string(),
    title: z.string(),
    audioUrl: z.string().nullable().openapi({ description: "Stable; null while there is no audio." }),
    audioContentType: z.string().nullable(),
    audioSizeBytes: z.int().nullable(),
    status: z.enum(["empty", "processing", "ready", "failed"]),
    durationSeconds: z.number().nullable(),
    codec: z.string().nullable(),
    bitRate: z.number().nullable().openapi({ description: "Bits a second." }),
    failure: z.string().nullable(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .openapi("Lecture");

export type LectureDocument = z.output<typeof lectureSchema>;

export function lectureDocument(row: LectureRow): LectureDocument {
  return {
    id: row.id,
    ownerId: row.owner_id,
    title: row.title,
    audioUrl: row.audio_url,
    audioContentType: row.audio_content_type,
    audioSizeBytes: row.audio_size_bytes,
    status: row.status,
    durationSeconds: row.duration_seconds,
    codec: row.codec,
    bitRate: row.bit_rate,
    failure: row.failure,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
