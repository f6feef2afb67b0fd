import type { NotCarried } from "@bucketferry/ledger";
import type { Capabilities, Metadata, ObjectInfo, SystemHeaders } from "@bucketferry/storage-core";

const HEADERS = ["contentType", "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage"] as const;

export interface CarriedHeaders {
  /** Goes with the put. */
  readonly headers: SystemHeaders;
  readonly metadata: Metadata | undefined;
  /** What the target cannot hold; recorded and reported. Null when everything fits. */
  readonly notCarried: NotCarried | null;
}

/**
 * Splits what the source stored with an object into what the target can hold and what it cannot (S22, S23).
 * Metadata goes as a whole or not at all where its size is the trouble: half of it would look complete.
 */
export function carryHeaders(
  info: Pick<ObjectInfo, "metadata"> & SystemHeaders,
  target: Pick<Capabilities, "systemHeaders" | "metadata">,
): CarriedHeaders {
  const headers: { -readonly [Name in keyof SystemHeaders]: SystemHeaders[Name] } = {};
  const lostHeaders: Record<string, string> = {};
  for (const name of HEADERS) {
    const value = info[name];
    if (value === undefined || value === "") continue;
    if (target.systemHeaders[name]) headers[name] = value;
    else lostHeaders[name] = value;
  }

  const { fits, lost: lostMetadata } = splitMetadata(info.metadata, target.metadata);
  const notCarried: NotCarried = {
    ...(isEmpty(lostHeaders) ? {} : { headers: lostHeaders }),
    ...(isEmpty(lostMetadata) ? {} : { metadata: lostMetadata }),
  };
  return {
    headers,
    metadata: isEmpty(fits) ? undefined : fits,
    notCarried: isEmpty(notCarried) ? null : notCarried,
  };
}

function splitMetadata(
  metadata: Metadata,
  rules: Capabilities["metadata"],
): { readonly fits: Metadata; readonly lost: Metadata } {
  const name = namesOf(rules.keyCharset);
  const fits: Record<string, string> = {};
  const lost: Record<string, string> = {};
  for (const [key, value] of Object.entries(metadata)) {
    const possible = name.test(key) && (rules.values === "utf8" || isPrintableAscii(value));
    (possible ? fits : lost)[key] = value;
  }
  if (bytesOf(fits) <= rules.maxBytes) return { fits, lost };
  return { fits: {}, lost: metadata };
}

const NAMES = new Map<string, RegExp>();

/** Compiled once: there are as many objects as there are, and a few charsets. */
function namesOf(charset: string): RegExp {
  let names = NAMES.get(charset);
  if (names === undefined) {
    names = new RegExp(`^(?:${charset})+$`, "u");
    NAMES.set(charset, names);
  }
  return names;
}

function isPrintableAscii(value: string): boolean {
  return /^[\x20-\x7e]*$/.test(value);
}

function bytesOf(metadata: Metadata): number {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}
