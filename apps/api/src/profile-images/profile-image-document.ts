import { z } from "@hono/zod-openapi";
import type { Selectable } from "kysely";
import type { ProfileImageTable } from "../database/tables.ts";

export const profileImageSchema = z
  .object({
    userId: z.string(),
    imageUrl: z.string(),
    contentType: z.string(),
    sizeBytes: z.int(),
    updatedAt: z.string(),
  })
  .openapi("ProfileImage");

export function profileImageDocument(row: Selectable<ProfileImageTable>): z.output<typeof profileImageSchema> {
  return {
    userId: row.user_id,
    imageUrl: row.image_url,
    contentType: row.content_type,
    sizeBytes: row.size_bytes,
    updatedAt: row.updated_at,
  };
}
