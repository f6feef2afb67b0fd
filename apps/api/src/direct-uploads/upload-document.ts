import { z } from "@hono/zod-openapi";
import { objectUrl } from "../files/object-url.ts";
import type { Service } from "../service.ts";
import type { UploadRow } from "./upload-store.ts";

export const uploadSchema = z
  .object({
    id: z.string(),
    purpose: z.enum(["lecture-audio", "profile-image", "file"]),
    subjectId: z.string().nullable(),
    state: z.enum(["open", "complete"]),
    key: z.string().nullable().openapi({ description: "The object's key, once the upload is complete." }),
    url: z.string().nullable().openapi({ description: "The object's stable URL, once the upload is complete." }),
    contentType: z.string(),
    sizeBytes: z.int(),
    expiresAt: z.string(),
  })
  .openapi("Upload");

export type UploadDocument = z.output<typeof uploadSchema>;

export function uploadDocument(service: Service, row: UploadRow): UploadDocument {
  // Where the bytes come in is nobody's object.
  const key = row.state === "complete" ? row.object_key : null;
  return {
    id: row.id,
    purpose: row.purpose,
    subjectId: row.subject_id,
    state: row.state,
    key,
    url: key === null ? null : objectUrl(service, key),
    contentType: row.content_type,
    sizeBytes: row.size_bytes,
    expiresAt: row.expires_at,
  };
}
