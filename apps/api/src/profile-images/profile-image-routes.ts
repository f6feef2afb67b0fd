import { createRoute, z } from "@hono/zod-openapi";
import { owns, requireUser, type Caller } from "../auth/caller.ts";
import { router } from "../documents/router.ts";
import {
  binarySchema,
  fileFormSchema,
  idempotencyParameter,
  idParameter,
  problemAnswers,
} from "../documents/schemas.ts";
import { objectUrl } from "../files/object-url.ts";
import { deliverObject } from "../objects/deliver-object.ts";
import { Problem } from "../problem/problem.ts";
import type { Service } from "../service.ts";
import { incomingFile } from "../uploads/incoming-file.ts";
import { IMAGE_TYPES } from "../uploads/media-types.ts";
import { profileImageKey } from "../uploads/object-key.ts";
import { storeObject } from "../uploads/stored-object.ts";
import { profileImageDocument, profileImageSchema } from "./profile-image-document.ts";
import { attachProfileImage, deleteProfileImage, findProfileImage } from "./profile-image-store.ts";

const TAGS = ["profile images"];
const byId = { params: z.object({ id: idParameter }) };
const oneImage = { description: "The image.", content: { "application/json": { schema: profileImageSchema } } };
const imageContent = Object.fromEntries(
  IMAGE_TYPES.map(({ contentType }) => [contentType, { schema: binarySchema }] as const),
);

const ROUTES = {
  put: createRoute({
    method: "put",
    path: "/{id}/profile-image",
    tags: TAGS,
    summary: "Set one's own profile image, as the body or as the one file of a form",
    parameters: [idempotencyParameter],
    request: {
      ...byId,
      body: { required: true, content: { ...imageContent, "multipart/form-data": { schema: fileFormSchema } } },
    },
    responses: {
      200: oneImage,
      ...problemAnswers(
        "InvalidRequest",
        "Unauthorized",
        "Forbidden",
        "RequestTimeout",
        "TooLarge",
        "UnsupportedMediaType",
        "ContentMismatch",
      ),
    },
  }),
  get: createRoute({
    method: "get",
    path: "/{id}/profile-image",
    tags: TAGS,
    summary: "A user's profile image, for every signed-in user",
    request: byId,
    responses: {
      200: { description: "The image.", content: imageContent },
      304: { description: "Unchanged." },
      307: { description: "Where storage gives it out, when the service is set up so." },
      ...problemAnswers("Unauthorized", "NotFound"),
    },
  }),
  remove: createRoute({
    method: "delete",
    path: "/{id}/profile-image",
    tags: TAGS,
    summary: "Delete one's own profile image",
    request: byId,
    responses: { 204: { description: "It is gone." }, ...problemAnswers("Unauthorized", "Forbidden", "NotFound") },
  }),
};

export function profileImageRoutes(service: Service) {
  const { db, config } = service;

  return router()
    .openapi(ROUTES.put, async (context) => {
      const { id } = context.req.valid("param");
      requireSelf(context.get("caller"), id);
      const file = await incomingFile(context, {
        types: IMAGE_TYPES,
        maxBytes: config.maxImageBytes,
        idleMs: config.bodyIdleMs,
      });
      const key = profileImageKey(id, file.type.extension);
      const image = await storeObject(service, key, file, context.req.raw.signal, async (transaction, put) => {
        const row = await attachProfileImage(transaction, id, {
          put,
          url: objectUrl(service, key),
          contentType: file.type.contentType,
        });
        const body = profileImageDocument(row);
        await context.get("idempotent")?.remember(transaction, { status: 200, body });
        return body;
      });
      return context.json(image, 200);
    })
    .openapi(ROUTES.get, async (context) => {
      requireUser(context.get("caller"));
      const { id } = context.req.valid("param");
      const row = await findProfileImage(db, id);
      if (row === undefined) throw new Problem("NotFound", "The user has no profile image.");
      return deliverObject(context, service, { key: row.image_key, isPublic: false });
    })
    .openapi(ROUTES.remove, async (context) => {
      const { id } = context.req.valid("param");
      requireSelf(context.get("caller"), id);
      const row = await deleteProfileImage(db, id);
      if (row === undefined) throw new Problem("NotFound", "The user has no profile image.");
      service.background.wake();
      return context.body(null, 204);
    });
}

function requireSelf(caller: Caller, id: string): void {
  if (!owns(requireUser(caller), id)) throw new Problem("Forbidden", "Only your own profile image can be changed.");
}
