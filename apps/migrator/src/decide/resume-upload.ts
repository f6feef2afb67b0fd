import type { UploadPartRecord, UploadRecord } from "@bucketferry/ledger";
import type { ListedPart, MultipartUpload, ObjectInfo } from "@bucketferry/storage-core";

/** Whether the parts of an upload on record are parts of this version of the object, going to this place. */
export function isOfVersion(
  record: UploadRecord,
  { etag, size }: Pick<ObjectInfo, "etag" | "size">,
  targetKey: string,
): record is UploadRecord & { readonly uploadId: string } {
  return (
    record.uploadId !== null && record.sourceEtag === etag && record.size === size && record.targetKey === targetKey
  );
}

/**
 * Parts that need not be sent again, by number: those on record that the target still has as they were recorded. One that the
 * target has and nobody recorded may be anything, and is replaced. Of a target that says no sizes the ETag is enough: it gave each
 * to one body.
 */
export function partsToKeep(
  recorded: readonly UploadPartRecord[],
  atTarget: readonly ListedPart[],
): ReadonlyMap<number, UploadPartRecord> {
  const held = new Map(atTarget.map((part) => [part.partNumber, part]));
  return new Map(
    recorded
      .filter(({ partNumber, etag, size }) => {
        const part = held.get(partNumber);
        return part !== undefined && part.etag === etag && (part.size === undefined || part.size === size);
      })
      .map((part) => [part.partNumber, part]),
  );
}

/** S3 accepts no signature from a clock that is further off (`RequestTimeTooSkewed`), so no server's clock differs more. */
const CLOCK_SKEW_MS = 15 * 60_000;

/**
 * Whether an unfinished upload can be the one whose id never reached us: the target was asked for it and the answer was lost.
 * It is under exactly our key, not older than the question, and has no part, since nothing is sent before the id is on
 * record. Somebody else's upload that fits all this would lose nothing but its beginning.
 */
export function canBeUnanswered(
  record: Pick<UploadRecord, "targetKey" | "startedAt">,
  upload: MultipartUpload & { readonly startedAt?: Date | undefined },
  parts: readonly ListedPart[],
): boolean {
  if (upload.key !== record.targetKey || parts.length > 0) return false;
  return upload.startedAt === undefined || upload.startedAt.getTime() >= record.startedAt - CLOCK_SKEW_MS;
}
