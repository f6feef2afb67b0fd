import type { Context } from "hono";
import { Problem } from "../problem/problem.ts";
import type { ServiceEnv } from "../service.ts";
import { checkedContent } from "./checked-content.ts";
import { formFile } from "./form-file.ts";
import { mediaTypeOf, type MediaType, type MediaTypes } from "./media-types.ts";
import { requestBody } from "./request-body.ts";
import { requirePlain } from "./require-plain.ts";

/** A file that a request brings, checked while it is read. */
export interface IncomingFile {
  readonly type: MediaType;
  readonly content: AsyncIterable<Uint8Array>;
  /** Undefined where only the end of the form tells. */
  readonly length: number | undefined;
}

export interface IncomingFileOptions {
  readonly types: MediaTypes;
  readonly maxBytes: number;
  readonly idleMs: number;
}

/**
 * The file of a request, sent as its body or as the one file of a form.
 * @throws Problem UnsupportedMediaType, TooLarge, InvalidRequest; the content throws them too, while it is read
 */
export async function incomingFile(
  context: Context<ServiceEnv>,
  { types, maxBytes, idleMs }: IncomingFileOptions,
): Promise<IncomingFile> {
  requirePlain(context);
  const header = context.req.header("content-type") ?? "";
  const body = requestBody(context, { idleMs });
  if (/^multipart\/form-data\b/i.test(header)) {
    const file = await formFile(body, header);
    const type = acceptedType(file.contentType, types);
    return { type, content: checkedContent(file.content, { maxBytes, type }), length: undefined };
  }
  const type = acceptedType(header, types);
  const length = declaredLength(context);
  if (length !== undefined && length > maxBytes) {
    throw new Problem("TooLarge", `At most ${maxBytes} bytes are accepted here.`, { headers: { connection: "close" } });
  }
  return { type, content: checkedContent(body, { maxBytes, type }), length };
}

/** Bytes that a request announces; undefined when it comes in chunks. */
export function declaredLength(context: Context<ServiceEnv>): number | undefined {
  const header = context.req.header("content-length");
  return header === undefined ? undefined : Number(header);
}

function acceptedType(header: string, types: MediaTypes): MediaType {
  const type = mediaTypeOf(header, types);
  if (type !== undefined) return type;
  const accepted = types.map(({ contentType }) => contentType).join(", ");
  throw new Problem("UnsupportedMediaType", `Send one of ${accepted} as the content's type.`);
}
