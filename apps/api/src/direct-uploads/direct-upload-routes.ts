import { randomUUID } from "node:crypto";
import { createRoute, z } from "@hono/zod-openapi";
import { owns, requireUser, type Caller } from "../auth/caller.ts";
import { router } from "../documents/router.ts";
import { binarySchema, fileFormSchema, idempotencyHeader, idParameter, problemAnswers } from "../documents/schemas.ts";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { checkedContent } from "../uploads/checked-content.ts";
import { formFile } from "../uploads/form-file.ts";
import { incomingKey } from "../uploads/object-key.ts";
import { requestBody } from "../uploads/request-body.ts";
import { requirePlain } from "../uploads/require-plain.ts";
import { UPLOAD_MEMORY } from "../uploads/stored-object.ts";
import { agreeUpload, typeOfUpload } from "../uploads/upload-purpose.ts";
import { completeUpload } from "./complete-upload.ts";
import { endUpload } from "./end-upload.ts";
import { uploadDocument, uploadSchema } from "./upload-document.ts";
import { uploadRequest, uploadResource } from "./upload-request.ts";
import { findUpload, insertUpload, type UploadRow } from "./upload-store.ts";

const TAGS = ["direct uploads"];
const byId = { params: z.object({ id: idParameter }) };
const oneUpload = { description: "The upload.", content: { "application/json": { schema: uploadSchema } } };

const newUploadSchema = z
  .object({
    purpose: z.enum(["lecture-audio", "profile-image", "file"]),
    subjectId: idParameter.optional().openapi({ description: "The lecture's or one's own user id." }),
    contentType: z
      .string()
      .min(3)
      .max(255)
      .regex(/^[\x20-\x7E]+$/, "is visible ASCII"),
    sizeBytes: z.int().min(1),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "is 64 hex digits")
      .optional()
      .openapi({ description: "Of the content." }),
    fileName: z.string().min(1).max(255).optional(),
    method: z
      .enum(["PUT", "POST"])
      .default("PUT")
      .openapi({ description: "POST: a form, as a page without script sends." }),
  })
  .openapi("NewUpload");

const startedSchema = uploadSchema
  .extend({
    request: z.object({
      method: z.enum(["PUT", "POST"]),
      url: z.string(),
      headers: z.record(z.string(), z.string()).openapi({ description: "To be sent exactly so." }),
      fields: z
        .record(z.string(), z.string())
        .optional()
        .openapi({ description: "POST: fields of the form, before the field `file`." }),
    }),
  })
  .openapi("StartedUpload");

const ROUTES = {
  start: createRoute({
    method: "post",
    path: "/",
    tags: TAGS,
    summary: "Announce an upload that goes straight to storage",
    request: {
      headers: idempotencyHeader,
      body: { required: true, content: { "application/json": { schema: newUploadSchema } } },
    },
    responses: {
      201: {
        description: "The request that brings the bytes, bound to this type and size.",
        content: { "application/json": { schema: startedSchema } },
      },
      ...problemAnswers("InvalidRequest", "Unauthorized", "Forbidden", "NotFound", "TooLarge", "UnsupportedMediaType"),
    },
  }),
  get: createRoute({
    method: "get",
    path: "/{id}",
    tags: TAGS,
    summary: "One of one's own uploads",
    request: byId,
    responses: { 200: oneUpload, ...problemAnswers("Unauthorized", "NotFound") },
  }),
  complete: createRoute({
    method: "post",
    path: "/{id}/complete",
    tags: TAGS,
    summary: "Say that the bytes are there; they are checked, and the lecture or image is changed",
    request: { ...byId, headers: idempotencyHeader },
    responses: {
      200: oneUpload,
      ...problemAnswers("Unauthorized", "NotFound", "Conflict", "Expired", "ContentMismatch"),
    },
  }),
  cancel: createRoute({
    method: "delete",
    path: "/{id}",
    tags: TAGS,
    summary: "Give an upload up",
    request: byId,
    responses: { 204: { description: "It is gone." }, ...problemAnswers("Unauthorized", "NotFound") },
  }),
};

const content = (method: "put" | "post") =>
  createRoute({
    method,
    path: "/{id}/content",
    tags: TAGS,
    summary: "Bring the bytes, where storage has no signed requests of its own",
    request: {
      ...byId,
      query: z.object({ token: z.string() }),
      body: {
        required: true,
        content:
          method === "put"
            ? { "application/octet-stream": { schema: binarySchema } }
            : { "multipart/form-data": { schema: fileFormSchema } },
      },
    },
    responses: {
      204: { description: "They are stored; the upload can be completed." },
      ...problemAnswers(
        "InvalidRequest",
        "Forbidden",
        "NotFound",
        "Expired",
        "TooLarge",
        "UnsupportedMediaType",
        "ContentMismatch",
      ),
    },
  });

export function directUploadRoutes(service: Service) {
  const { db, config, storage, links } = service;

  const ownUpload = async (caller: Caller, id: string): Promise<UploadRow> => {
    const row = await findUpload(db, id);
    if (row !== undefined && row.protocol === "direct" && owns(requireUser(caller), row.owner_id)) return row;
    throw new Problem("NotFound", "There is no such upload, or it is not yours.");
  };

  /** The upload that a token opens, while it is open. */
  const openUpload = async (id: string, token: string): Promise<UploadRow> => {
    const verdict = links.check(uploadResource(id), token);
    if (verdict === "invalid") throw new Problem("Forbidden", "The token is not valid for this upload.");
    const row = await findUpload(db, id);
    if (row === undefined) throw new Problem("NotFound", "There is no such upload.");
    if (verdict === "expired" || row.state !== "open") throw new Problem("Expired", "The upload has ended.");
    return row;
  };

  const store = async (upload: UploadRow, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> => {
    const type = typeOfUpload(upload);
    const put = await storage.put(upload.object_key, checkedContent(bytes, { maxBytes: upload.size_bytes, type }), {
      contentType: upload.content_type,
      contentLength: upload.size_bytes,
      ...UPLOAD_MEMORY,
      signal,
    });
    service.metrics.storedBytes("in", put.size);
  };

  return router()
    .openapi(ROUTES.start, async (context) => {
      const caller = requireUser(context.get("caller"));
      const asked = context.req.valid("json");
      const agreed = await agreeUpload(service, caller, {
        purpose: asked.purpose,
        subjectId: asked.subjectId,
        contentType: asked.contentType,
        sizeBytes: asked.sizeBytes,
        fileName: asked.fileName,
      });
      const id = randomUUID();
      const key = incomingKey(id, agreed.name);
      const expiresInSeconds = config.uploadExpirySeconds;
      const request = await uploadRequest(service, {
        id,
        method: asked.method,
        key,
        contentType: agreed.contentType,
        sizeBytes: asked.sizeBytes,
        expiresInSeconds,
        signal: context.req.raw.signal,
      });
      const now = Date.now();
      const row: UploadRow = {
        id,
        owner_id: caller.id,
        purpose: asked.purpose,
        subject_id: agreed.subjectId,
        protocol: "direct",
        object_key: key,
        content_type: agreed.contentType,
        size_bytes: asked.sizeBytes,
        sha256: asked.sha256 ?? null,
        state: "open",
        offset_bytes: 0,
        progress: null,
        created_at: new Date(now).toISOString(),
        expires_at: new Date(now + expiresInSeconds * 1000).toISOString(),
      };
      const method = request.method === "POST" ? ("POST" as const) : ("PUT" as const);
      const started = {
        ...uploadDocument(service, row),
        request: {
          method,
          url: request.url,
          headers: { ...request.headers },
          ...(request.fields === undefined ? {} : { fields: { ...request.fields } }),
        },
      };
      await db.transaction().execute(async (transaction) => {
        await insertUpload(transaction, row);
        await context.get("idempotent")?.remember(transaction, { status: 201, body: started });
      });
      return context.json(started, 201);
    })
    .openapi(ROUTES.get, async (context) => {
      const { id } = context.req.valid("param");
      return context.json(uploadDocument(service, await ownUpload(context.get("caller"), id)), 200);
    })
    .openapi(ROUTES.complete, async (context) => {
      const { id } = context.req.valid("param");
      const upload = await ownUpload(context.get("caller"), id);
      const document = await completeUpload(service, upload, {
        idempotent: context.get("idempotent"),
        signal: context.req.raw.signal,
      });
      return context.json(document, 200);
    })
    .openapi(ROUTES.cancel, async (context) => {
      const { id } = context.req.valid("param");
      const upload = await ownUpload(context.get("caller"), id);
      await endUpload(service, upload);
      return context.body(null, 204);
    })
    .openapi(content("put"), async (context) => {
      const { id } = context.req.valid("param");
      const upload = await openUpload(id, context.req.valid("query").token);
      requirePlain(context);
      if (context.req.header("content-type") !== upload.content_type) {
        throw new Problem("UnsupportedMediaType", `The upload was announced as ${upload.content_type}.`);
      }
      await store(upload, requestBody(context, { idleMs: config.bodyIdleMs }), context.req.raw.signal);
      return context.body(null, 204);
    })
    .openapi(content("post"), async (context) => {
      const { id } = context.req.valid("param");
      const upload = await openUpload(id, context.req.valid("query").token);
      const body = requestBody(context, { idleMs: config.bodyIdleMs });
      const file = await formFile(body, context.req.header("content-type") ?? "");
      await store(upload, file.content, context.req.raw.signal);
      return context.body(null, 204);
    });
}
