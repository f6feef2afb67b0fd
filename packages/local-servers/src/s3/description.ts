import type { Call, Headers } from "./call.ts";
import type { Profile } from "./profiles.ts";
import { S3Error } from "./s3-error.ts";
import type { Description } from "./shape.ts";

/** Standard headers that are stored with an object and given back as they were. */
const KEPT = [
  "content-type",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "expires",
];
const METADATA = "x-amz-meta-";
/** What S3 says of an object that was put without a content type. */
const DEFAULT_CONTENT_TYPE = "binary/octet-stream";

/** What the request says of an object's content: standard headers and user metadata. */
export function readDescription(call: Call): Description {
  const headers: Record<string, string> = { "content-type": DEFAULT_CONTENT_TYPE };
  const { framingInEncoding, storedHeaders } = call.server.profile;
  if (storedHeaders === "typeAndCache") headers["cache-control"] = "no-cache";
  for (const name of storedHeaders === "all" ? KEPT : KEPT.slice(0, 2)) {
    const sent = call.header(name);
    const value = name === "content-encoding" && framingInEncoding === "dropped" ? withoutFraming(sent) : sent;
    if (value !== undefined && value !== "") headers[name] = value;
  }
  return { headers, metadata: readMetadata(call) };
}

export function descriptionHeaders({ headers, metadata }: Description, { metadataText }: Profile): Headers {
  const encode = metadataText === "encodedWords" ? encodeWord : asSent;
  return {
    ...headers,
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [METADATA + name, encode(value)])),
  };
}

/** User metadata of a form field or header name; undefined for any other. */
export function metadataName(name: string): string | undefined {
  return name.startsWith(METADATA) ? name.slice(METADATA.length) : undefined;
}

export function checkMetadataSize(metadata: Readonly<Record<string, string>>, maxBytes: number): void {
  const size = Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (size > maxBytes) {
    throw new S3Error("MetadataTooLarge", { fields: { Size: String(size), MaxSizeAllowed: String(maxBytes) } });
  }
}

function readMetadata(call: Call): Readonly<Record<string, string>> {
  const { underscoreInMetadata } = call.server.profile;
  // `fromEntries`, not assignment: a name may be `__proto__`.
  const metadata = Object.fromEntries(
    [...call.headers].flatMap(([header, value]) => {
      const name = metadataName(header);
      if (name === undefined) return [];
      // Header bytes come from Node as Latin-1; S3 reads them as UTF-8.
      const text = Buffer.from(value, "latin1").toString("utf8");
      return [[underscoreInMetadata === "dash" ? name.replaceAll("_", "-") : name, text]];
    }),
  );
  checkMetadataSize(metadata, call.server.profile.maxMetadataBytes);
  return metadata;
}

/** The framing of aws-chunked is of the transfer, not of the object. */
function withoutFraming(encoding: string | undefined): string | undefined {
  return encoding
    ?.split(",")
    .map((token) => token.trim())
    .filter((token) => token.toLowerCase() !== "aws-chunked" && token !== "")
    .join(",");
}

/** Bytes of UTF-8, which Node wants as Latin-1. */
function asSent(value: string): string {
  return Buffer.from(value).toString("latin1");
}

/** S3 gives values that are not ASCII back as RFC 2047 encoded words. */
function encodeWord(value: string): string {
  // eslint-disable-next-line no-control-regex -- control characters cannot stand in a header
  return /^[\u0020-\u007e\t]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString("base64")}?=`;
}
