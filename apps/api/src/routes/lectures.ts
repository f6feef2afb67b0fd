import { randomUUID } from "node:crypto";
import type { StorageProvider } from "@bucketferry/storage-core";
import { Hono } from "hono";
import { problem } from "../problem.ts";

/** Types of audio that a lecture can have, and the ending of their keys. */
const ENDINGS: Readonly<Record<string, string>> = {
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/x-m4a": "m4a",
  "audio/wav": "wav",
  "audio/ogg": "ogg",
  "audio/webm": "webm",
};

const LECTURE_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function lectures(storage: StorageProvider): Hono {
  return new Hono().put("/:id/audio", async (context) => {
    const { id } = context.req.param();
    if (!LECTURE_ID.test(id))
      return problem(context, 400, "InvalidArgument", "A lecture's id is 1 to 64 of A-Z, a-z, 0-9, _ and -.");
    const contentType = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
    const ending = ENDINGS[contentType];
    if (ending === undefined) {
      return problem(
        context,
        415,
        "UnsupportedMediaType",
        `Send one of ${Object.keys(ENDINGS).join(", ")} as content-type.`,
      );
    }
    const { body } = context.req.raw;
    if (body === null)
      return problem(context, 400, "InvalidArgument", "The request has no body: send the audio itself.");
    const length = Number(context.req.header("content-length") ?? Number.NaN);
    const { key, size } = await storage.put(`audio/${id}_${randomUUID()}.${ending}`, body, {
      contentType,
      contentLength: Number.isSafeInteger(length) ? length : undefined,
      signal: context.req.raw.signal,
    });
    return context.json({ key, size }, 201);
  });
}
