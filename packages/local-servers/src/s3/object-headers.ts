import type { Call, Headers } from "./call.ts";
import { checksumHeader } from "./checksums.ts";
import { descriptionHeaders } from "./description.ts";
import type { S3Object } from "./shape.ts";

export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** As in headers: seconds, in GMT. */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** As in XML: S3 gives whole seconds with `.000`. */
export function xmlDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

/** Headers of GET and HEAD of an object, apart from its length. */
export function objectHeaders(call: Call, object: S3Object): Headers {
  const { attributes } = object;
  return {
    ...descriptionHeaders(attributes, call.server.profile),
    etag: quoted(attributes.etag),
    "last-modified": httpDate(object.modifiedAtMs),
    "accept-ranges": "bytes",
    // S3 is silent about its usual class.
    "x-amz-storage-class": attributes.archive,
    ...(call.header("x-amz-checksum-mode")?.toUpperCase() === "ENABLED" ? checksumHeaders(object) : {}),
  };
}

export function checksumHeaders({ attributes: { checksum } }: Pick<S3Object, "attributes">): Headers {
  if (checksum === undefined) return {};
  return { [checksumHeader(checksum.algorithm)]: checksum.value, "x-amz-checksum-type": checksum.type };
}
