import { createRoute, z } from "@hono/zod-openapi";
import { owns, requireUser, type Caller } from "../auth/caller.ts";
import { router } from "../documents/router.ts";
import {
  binarySchema,
  fileFormSchema,
  idempotencyHeader,
  idempotencyParameter,
  idParameter,
  problemAnswers,
} from "../documents/schemas.ts";
import { objectLink } from "../files/object-link.ts";
import { objectUrl } from "../files/object-url.ts";
import { deliverObject } from "../objects/deliver-object.ts";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { incomingFile } from "../uploads/incoming-file.ts";
import { AUDIO_TYPES } from "../uploads/media-types.ts";
import { audioKey } from "../uploads/object-key.ts";
import { storeObject } from "../uploads/stored-object.ts";
import { lectureDocument, lectureSchema } from "./lecture-document.ts";
import {
  attachAudio,
  deleteLecture,
  findLecture,
  insertLecture,
  listLectures,
  type LectureRow,
} from "./lecture-store.ts";

const TAGS = ["lectures"];
const byId = { params: z.object({ id: idParameter }) };
const oneLecture = { description: "The lecture.", content: { "application/json": { schema: lectureSchema } } };
const audioContent = Object.fromEntries(
  AUDIO_TYPES.map(({ contentType }) => [contentType, { schema: binarySchema }] as const),
);

/** Text that both databases keep as it is: no U+0000, no half of a surrogate pair. */
const titleSchema = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .refine((text) => text.isWellFormed() && !text.includes("\0"), "is Unicode text without U+0000");

const ROUTES = {
  create: createRoute({
    method: "post",
    path: "/",
    tags: TAGS,
    summary: "Create a lecture",
    request: {
      headers: idempotencyHeader,
      body: {
        required: true,
        content: {
          "application/json": { schema: z.object({ title: titleSchema }).openapi("NewLecture") },
        },
      },
    },
    responses: { 201: oneLecture, ...problemAnswers("InvalidRequest", "Unauthorized") },
  }),
  list: createRoute({
    method: "get",
    path: "/",
    tags: TAGS,
    summary: "One's own lectures, newest first",
    request: {
      query: z.object({ limit: z.coerce.number().int().min(1).max(200).default(50), cursor: z.string().optional() }),
    },
    responses: {
      200: {
        description: "A page; `nextCursor` is absent on the last one.",
        content: {
          "application/json": {
            schema: z
              .object({ lectures: z.array(lectureSchema), nextCursor: z.string().optional() })
              .openapi("LecturePage"),
          },
        },
      },
      ...problemAnswers("InvalidRequest", "Unauthorized"),
    },
  }),
  get: createRoute({
    method: "get",
    path: "/{id}",
    tags: TAGS,
    summary: "One lecture",
    request: byId,
    responses: { 200: oneLecture, ...problemAnswers("InvalidRequest", "Unauthorized", "NotFound") },
  }),
  remove: createRoute({
    method: "delete",
    path: "/{id}",
    tags: TAGS,
    summary: "Delete a lecture and its audio",
    request: byId,
    responses: { 204: { description: "It is gone." }, ...problemAnswers("InvalidRequest", "Unauthorized", "NotFound") },
  }),
  upload: createRoute({
    method: "post",
    path: "/{id}/upload-audio",
    tags: TAGS,
    summary: "Upload a lecture's audio, as the body or as the one file of a form",
    parameters: [idempotencyParameter],
    request: {
      ...byId,
      body: { required: true, content: { ...audioContent, "multipart/form-data": { schema: fileFormSchema } } },
    },
    responses: {
      201: oneLecture,
      ...problemAnswers(
        "InvalidRequest",
        "Unauthorized",
        "NotFound",
        "RequestTimeout",
        "Conflict",
        "TooLarge",
        "UnsupportedMediaType",
        "ContentMismatch",
      ),
    },
  }),
  audio: createRoute({
    method: "get",
    path: "/{id}/audio",
    tags: TAGS,
    summary: "A lecture's audio; takes Range and conditions",
    request: { ...byId, query: z.object({ download: z.string().max(255).optional() }) },
    responses: {
      200: { description: "The whole file.", content: audioContent },
      206: { description: "A range of it.", content: audioContent },
      304: { description: "Unchanged." },
      307: { description: "Where storage gives it out, when the service is set up so." },
      ...problemAnswers("Unauthorized", "NotFound", "PreconditionFailed", "InvalidRange"),
    },
  }),
  link: createRoute({
    method: "post",
    path: "/{id}/audio-link",
    tags: TAGS,
    summary: "A link to the audio that works without credentials until it expires, for a player",
    request: byId,
    responses: {
      200: {
        description: "The link.",
        content: {
          "application/json": { schema: z.object({ url: z.string(), expiresAt: z.string() }).openapi("Link") },
        },
      },
      ...problemAnswers("Unauthorized", "NotFound"),
    },
  }),
};

export function lectureRoutes(service: Service) {
  const { db, config } = service;

  /** Somebody else's lecture is not there: its existence is nobody's business. */
  const ownLecture = async (caller: Caller, id: string): Promise<LectureRow> => {
    const row = await findLecture(db, id);
    if (row !== undefined && owns(requireUser(caller), row.owner_id)) return row;
    throw new Problem("NotFound", "There is no such lecture, or it is not yours.");
  };
  const withAudio = async (caller: Caller, id: string): Promise<string> => {
    const { audio_key } = await ownLecture(caller, id);
    if (audio_key === null) throw new Problem("NotFound", "The lecture has no audio yet.");
    return audio_key;
  };

  return router()
    .openapi(ROUTES.create, async (context) => {
      const caller = requireUser(context.get("caller"));
      const { title } = context.req.valid("json");
      const lecture = await db.transaction().execute(async (transaction) => {
        const row = lectureDocument(await insertLecture(transaction, { ownerId: caller.id, title }));
        const headers = { location: `/lectures/${row.id}` };
        await context.get("idempotent")?.remember(transaction, { status: 201, body: row, headers });
        return row;
      });
      context.header("location", `/lectures/${lecture.id}`);
      return context.json(lecture, 201);
    })
    .openapi(ROUTES.list, async (context) => {
      const caller = requireUser(context.get("caller"));
      const { limit, cursor } = context.req.valid("query");
      const ownerId = caller.role === "service_role" ? undefined : caller.id;
      const { rows, nextCursor } = await listLectures(db, { ownerId, limit, cursor });
      return context.json(
        { lectures: rows.map(lectureDocument), ...(nextCursor === undefined ? {} : { nextCursor }) },
        200,
      );
    })
    .openapi(ROUTES.get, async (context) => {
      const { id } = context.req.valid("param");
      return context.json(lectureDocument(await ownLecture(requireUser(context.get("caller")), id)), 200);
    })
    .openapi(ROUTES.remove, async (context) => {
      const { id } = context.req.valid("param");
      await ownLecture(requireUser(context.get("caller")), id);
      await deleteLecture(db, id);
      service.background.wake();
      return context.body(null, 204);
    })
    .openapi(ROUTES.upload, async (context) => {
      const { id } = context.req.valid("param");
      await ownLecture(requireUser(context.get("caller")), id);
      const file = await incomingFile(context, {
        types: AUDIO_TYPES,
        maxBytes: config.maxAudioBytes,
        idleMs: config.bodyIdleMs,
      });
      const key = audioKey(id, file.type.extension);
      const lecture = await storeObject(service, key, file, context.req.raw.signal, async (transaction, put) => {
        const audio = { put, url: objectUrl(service, key), contentType: file.type.contentType };
        const row = lectureDocument(await attachAudio(transaction, id, audio));
        await context.get("idempotent")?.remember(transaction, { status: 201, body: row });
        return row;
      });
      return context.json(lecture, 201);
    })
    .openapi(ROUTES.audio, async (context) => {
      const { id } = context.req.valid("param");
      const key = await withAudio(requireUser(context.get("caller")), id);
      return deliverObject(context, service, { key, isPublic: false });
    })
    .openapi(ROUTES.link, async (context) => {
      const { id } = context.req.valid("param");
      const key = await withAudio(requireUser(context.get("caller")), id);
      const { url, expiresAt } = await objectLink(service, key, context.req.raw.signal);
      return context.json({ url, expiresAt: expiresAt.toISOString() }, 200);
    });
}
