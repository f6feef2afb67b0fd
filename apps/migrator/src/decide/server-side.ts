import type { Route } from "@bucketferry/config";
import type { Capabilities, ObjectInfo } from "@bucketferry/storage-core";
import type { Digests } from "./compare-copies.ts";

/**
 * Smaller objects go through here as ever: that is two requests, which carry little. A server-side copy is two looks at the
 * source, the copy, and two looks at what became of it.
 */
export const SERVER_SIDE_BYTES = 1024 * 1024;

/** Where the target's service finds the source's objects, when it may and can copy them by itself. */
export function serverSideSource(
  { source, target, sourceWithinTarget }: Pick<Route, "source" | "target" | "sourceWithinTarget">,
  policy: "auto" | "never",
): Route["sourceWithinTarget"] {
  const { remote, serverSideCopy } = target.capabilities;
  // Where no network lies between, the bytes are as near here as there.
  if (policy === "never" || !remote || serverSideCopy.maxBytes === 0) return undefined;
  return source.bucket === target.bucket || serverSideCopy.crossBucket ? sourceWithinTarget : undefined;
}

/**
 * Whether the service may copy this object by itself: only when the source says what its bytes are, since nobody here will
 * read them there. A checksum of parts' checksums, or an ETag that is no MD5, says nothing about a copy.
 */
export function goesServerSide(
  info: Pick<ObjectInfo, "size" | "checksums">,
  { serverSideCopy }: Pick<Capabilities, "serverSideCopy">,
): boolean {
  if (info.size < SERVER_SIDE_BYTES || info.size > serverSideCopy.maxBytes) return false;
  return reportedDigests(info) !== undefined || reportedMd5(info) !== undefined;
}

/** What the source reports of the whole object; undefined without its SHA-256. */
export function reportedDigests(info: Pick<ObjectInfo, "size" | "checksums">): Digests | undefined {
  const { checksums, size } = info;
  if (checksums?.sha256 === undefined || checksums.type === "composite") return undefined;
  return { size, sha256: Buffer.from(checksums.sha256, "base64").toString("hex"), md5: checksums.md5 };
}

export function reportedMd5({ checksums }: Pick<ObjectInfo, "checksums">): string | undefined {
  return checksums?.type === "composite" ? undefined : checksums?.md5;
}
