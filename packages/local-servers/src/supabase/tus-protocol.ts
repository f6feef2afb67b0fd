import type { IncomingHttpHeaders } from "node:http";

/** A refusal in the words of the `@tus/server` library: plain text with the true HTTP status. */
export class TusError extends Error {
  override readonly name = "TusError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const refusals = {
  versionMissing: () => new TusError(412, "Tus-Resumable Required\n"),
  invalidHeaders: (names: readonly string[]) => new TusError(400, `Invalid ${names.join(" ")}\n`),
  offsetMissing: () => new TusError(403, "Upload-Offset header required\n"),
  contentTypeMissing: () => new TusError(403, "Content-Type header required\n"),
  lengthMissing: () => new TusError(400, "Upload-Length or Upload-Defer-Length header required\n"),
  metadataMissing: () => new TusError(400, "Metadata header is required"),
  signatureMissing: () => new TusError(400, "Missing x-signature header"),
  invalidId: () => new TusError(400, "Invalid upload id"),
  notFound: () => new TusError(404, "The file for this url was not found\n"),
  expired: () => new TusError(410, "The file for this url no longer exists\n"),
  offsetConflict: () => new TusError(409, "Upload-Offset conflict\n"),
  maxSizeExceeded: () => new TusError(413, "Maximum size exceeded\n"),
  sizeExceeded: () => new TusError(413, "upload's size exceeded\n"),
  /** Of an upload of no bytes, over S3: there is nothing to be found there. */
  emptyUpload: () => new TusError(404, ""),
  alreadyFinished: () => new TusError(400, "Cannot terminate an already completed upload"),
} as const;

export const TUS_VERSION = "1.0.0";
export const CONTENT_TYPE = "application/offset+octet-stream";

export type TusMetadata = Readonly<Record<string, string | null>>;

const WHOLE_NUMBER = /^\d+$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** https://tus.io/protocols/resumable-upload#headers */
const HEADER_RULES: Readonly<Record<string, (value: string, method: string) => boolean>> = {
  "tus-resumable": (value) => value === TUS_VERSION,
  "upload-offset": (value) => WHOLE_NUMBER.test(value),
  "upload-length": (value) => WHOLE_NUMBER.test(value),
  "upload-defer-length": (value) => value === "1",
  "upload-metadata": (value) => parseTusMetadata(value) !== undefined,
  "content-type": (value, method) => method !== "PATCH" || value === CONTENT_TYPE,
};

export function checkHeaders(method: string, headers: IncomingHttpHeaders): void {
  if (headers["tus-resumable"] === undefined) throw refusals.versionMissing();
  const invalid = Object.entries(HEADER_RULES)
    .filter(([name, fits]) => {
      const value = headers[name];
      return typeof value === "string" && !fits(value, method);
    })
    .map(([name]) => name);
  if (invalid.length > 0) throw refusals.invalidHeaders(invalid);
}

/** A comma list of `key base64`; a key alone has no value. Undefined when it is malformed. */
export function parseTusMetadata(header: string): TusMetadata | undefined {
  const metadata: Record<string, string | null> = {};
  for (const pair of header.split(",")) {
    const [key, value, ...rest] = pair.split(" ");
    const fits = key !== undefined && /^[!-+\--~]+$/.test(key) && rest.length === 0 && !Object.hasOwn(metadata, key);
    if (!fits || (value !== undefined && !BASE64.test(value))) return undefined;
    metadata[key] = value === undefined ? null : Buffer.from(value, "base64").toString("utf8");
  }
  return metadata;
}

export function formatTusMetadata(metadata: TusMetadata): string {
  return Object.entries(metadata)
    .map(([key, value]) => (value === null ? key : `${key} ${Buffer.from(value).toString("base64")}`))
    .join(",");
}
