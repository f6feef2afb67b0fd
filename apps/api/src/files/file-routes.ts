import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireService } from "../auth/caller.ts";
import { router } from "../documents/router.ts";
import { binarySchema, idempotencyParameter, problemAnswers } from "../documents/schemas.ts";
import { entityTag } from "../objects/conditions.ts";
import { deliverObject } from "../objects/deliver-object.ts";
import { Problem } from "../problem/problem.ts";
import type { Service, ServiceEnv } from "../service.ts";
import { checkedContent } from "../uploads/checked-content.ts";
import { declaredLength } from "../uploads/incoming-file.ts";
import { requestBody, smallRequestBody } from "../uploads/request-body.ts";
import { UPLOAD_MEMORY } from "../uploads/stored-object.ts";
import { requireReadable } from "./file-access.ts";
import { objectUrl } from "./object-url.ts";
import { keyInPath } from "./path-key.ts";

const TAGS = ["files"];
const anyContent = { "application/octet-stream": { schema: binarySchema } };
/** Plain, since a key is taken from the path as it was sent, by `keyInPath`. */
const keyParameter = {
  name: "key",
  in: "path",
  required: true,
  description: "The object's key; may have slashes.",
  schema: { type: "string" },
} as const;
const fileSchema = z
  .object({ key: z.string(), url: z.string(), sizeBytes: z.int(), etag: z.string() })
  .openapi("StoredFile");

/** A key may hold any character, a line break too, which `.` is none. */
const FILE_PATH = "/files/{key}{[\\s\\S]+}";

const ROUTES = {
  get: createRoute({
    method: "get",
    path: FILE_PATH,
    tags: TAGS,
    summary: "An object under its stable URL; takes Range and conditions",
    parameters: [keyParameter],
    request: { query: z.object({ token: z.string().optional(), download: z.string().max(255).optional() }) },
    responses: {
      200: { description: "The whole object.", content: anyContent },
      206: { description: "A range of it.", content: anyContent },
      304: { description: "Unchanged." },
      307: { description: "Where storage gives it out, when the service is set up so." },
      ...problemAnswers("Unauthorized", "Forbidden", "NotFound", "Expired", "PreconditionFailed", "InvalidRange"),
    },
  }),
  put: createRoute({
    method: "put",
    path: FILE_PATH,
    tags: TAGS,
    summary: "Store an object under a key of one's choice (service role)",
    parameters: [keyParameter, idempotencyParameter],
    request: { body: { required: true, content: anyContent } },
    responses: {
      201: { description: "It is stored.", content: { "application/json": { schema: fileSchema } } },
      ...problemAnswers(
        "InvalidRequest",
        "Unauthorized",
        "Forbidden",
        "AlreadyExists",
        "PreconditionFailed",
        "TooLarge",
      ),
    },
  }),
  remove: createRoute({
    method: "delete",
    path: FILE_PATH,
    tags: TAGS,
    summary: "Delete an object (service role); again is no error",
    parameters: [keyParameter],
    responses: {
      204: { description: "It is gone." },
      ...problemAnswers("InvalidRequest", "Unauthorized", "Forbidden", "PreconditionFailed", "NotSupported"),
    },
  }),
  list: createRoute({
    method: "get",
    path: "/files",
    tags: TAGS,
    summary: "List objects by prefix (service role)",
    request: {
      query: z.object({
        prefix: z.string().max(1024).optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
        cursor: z.string().optional(),
      }),
    },
    responses: {
      200: {
        description: "A page; `nextCursor` is absent on the last one.",
        content: {
          "application/json": {
            schema: z
              .object({
                files: z.array(
                  z.object({
                    key: z.string(),
                    url: z.string(),
                    sizeBytes: z.int(),
                    lastModified: z.string().optional(),
                  }),
                ),
                nextCursor: z.string().optional(),
              })
              .openapi("FilePage"),
          },
        },
      },
      ...problemAnswers("InvalidRequest", "Unauthorized", "Forbidden"),
    },
  }),
};

export function fileRoutes(service: Service) {
  const { storage, config, db } = service;
  return router()
    .openapi(ROUTES.list, async (context) => {
      requireService(context.get("caller"));
      const { prefix, limit, cursor } = context.req.valid("query");
      const page = await storage.listPage({ prefix, limit, cursor, signal: context.req.raw.signal });
      const files = page.entries.flatMap((entry) =>
        entry.type === "object"
          ? [
              {
                key: entry.key,
                url: objectUrl(service, entry.key),
                sizeBytes: entry.size,
                ...(entry.lastModified === undefined ? {} : { lastModified: entry.lastModified.toISOString() }),
              },
            ]
          : [],
      );
      return context.json({ files, ...(page.cursor === undefined ? {} : { nextCursor: page.cursor }) }, 200);
    })
    .openapi(ROUTES.get, async (context) => {
      const key = keyInPath(context.req.url, "/files/");
      const { token } = context.req.valid("query");
      await requireReadable(service, key, { caller: context.get("caller"), token });
      return deliverObject(context, service, { key, isPublic: config.filesArePublic });
    })
    .openapi(ROUTES.put, async (context) => {
      requireService(context.get("caller"));
      const key = keyInPath(context.req.url, "/files/");
      requireWhole(context.req.raw.headers);
      const length = declaredLength(context);
      if (length !== undefined && length > config.maxFileBytes) throw new Problem("TooLarge");
      const put = await storage.put(key, await contentOf(context, length, config), {
        contentType: context.req.header("content-type"),
        cacheControl: context.req.header("cache-control"),
        contentEncoding: context.req.header("content-encoding"),
        contentLanguage: context.req.header("content-language"),
        contentLength: length,
        ...UPLOAD_MEMORY,
        ...conditionsOf(context.req.header("if-match"), context.req.header("if-none-match")),
        signal: context.req.raw.signal,
      });
      service.metrics.storedBytes("in", put.size);
      const stored = { key, url: objectUrl(service, key), sizeBytes: put.size, etag: put.etag };
      const headers = { etag: entityTag(put.etag) };
      const idempotent = context.get("idempotent");
      if (idempotent !== undefined) {
        await db
          .transaction()
          .execute((transaction) => idempotent.remember(transaction, { status: 201, body: stored, headers }));
      }
      return context.json(stored, 201, headers);
    })
    .openapi(ROUTES.remove, async (context) => {
      requireService(context.get("caller"));
      const { headers, signal } = context.req.raw;
      requireNoDate(headers);
      if (headers.has("if-none-match")) throw new Problem("InvalidRequest", "If-None-Match is not for DELETE.");
      await storage.delete(keyInPath(context.req.url, "/files/"), {
        ...ifMatchOf(context.req.header("if-match")),
        signal,
      });
      return context.body(null, 204);
    });
}

/** What is wrong with a PUT or DELETE that this service would otherwise take for another one. */
function requireWhole(headers: Headers): void {
  // RFC 9110 §14.5: the range would become the whole object.
  if (headers.has("content-range")) {
    throw new Problem(
      "InvalidRequest",
      "A part of an object cannot be put: leave Content-Range out and send all of it.",
    );
  }
  requireNoDate(headers);
}

/** A condition that is not looked at must not seem to hold: RFC 9110 §13.1.4. */
function requireNoDate(headers: Headers): void {
  if (!headers.has("if-unmodified-since")) return;
  throw new Problem("InvalidRequest", "If-Unmodified-Since is for reading only: send If-Match with the object's ETag.");
}

/** An object of no bytes is an object; only what claims to have some must bring them. */
async function contentOf(
  context: Context<ServiceEnv>,
  length: number | undefined,
  { maxFileBytes, bodyIdleMs }: Service["config"],
): Promise<AsyncIterable<Uint8Array> | Uint8Array> {
  if (length === 0) return new Uint8Array();
  const whole = await smallRequestBody(context);
  if (whole !== undefined) return whole;
  return checkedContent(requestBody(context, { idleMs: bodyIdleMs }), { maxBytes: maxFileBytes, type: undefined });
}

/** @throws Problem InvalidRequest for a condition that storage has no counterpart of */
function conditionsOf(
  ifMatch: string | undefined,
  ifNoneMatch: string | undefined,
): { readonly ifMatch?: string; readonly ifNoneMatch?: "*" } {
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== "*") {
    throw new Problem("InvalidRequest", "If-None-Match of a PUT must be *.");
  }
  return { ...ifMatchOf(ifMatch), ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: "*" as const }) };
}

/** @throws Problem PreconditionFailed for a weak ETag, which is never the same: RFC 9110 §13.1.1 */
function ifMatchOf(header: string | undefined): { readonly ifMatch?: string } {
  if (header?.trim().startsWith("W/") === true) {
    throw new Problem("PreconditionFailed", "A weak ETag does not tell versions apart: send the one without W/.");
  }
  return header === undefined ? {} : { ifMatch: header.trim().replaceAll('"', "") };
}
