import type { UploadPartRecord } from "@bucketferry/ledger";
import { StorageError } from "@bucketferry/storage-core";
import { looksLikeMd5 } from "../decide/compare-copies.ts";
import { partDigestFor, type PartDigest } from "../decide/part-digest.ts";
import type { PartRange } from "../decide/part-plan.ts";
import { runningDigests, type RunningDigests } from "./digests.ts";
import { openPart, recordPart, type Sending } from "./sending.ts";
import { at, attribute, SideFailure } from "./side-failure.ts";
import { bodyBytesPassed } from "./body-garbage.ts";

export interface SentFlowingPart {
  readonly record: UploadPartRecord;
  /** The hash of the whole up to the end of this part. */
  readonly whole: RunningDigests;
}

/**
 * One part that is too large for memory, as those of objects of hundreds of gigabytes are: it flows through, hashed on the
 * way, after the part before it. Where the target's ETag looks like an MD5 it is compared, since nobody knew a checksum to send.
 */
export async function sendFlowingPart(
  part: PartRange,
  before: RunningDigests,
  sending: Sending,
): Promise<SentFlowingPart> {
  const { upload, context, signal } = sending;
  const { target } = context.route;
  const { partNumber, length } = part;
  const reading = partReading(part, before, sending);
  const algorithm = partDigestFor(target.capabilities);

  const kept = upload.kept.get(partNumber);
  if (kept !== undefined) {
    for await (const chunk of reading.bytes()) void chunk;
    const { whole, own } = reading.hashes();
    if (own[algorithm] === kept.digest) return { record: kept, whole };
  }
  const sent = await at(
    "target",
    target.multipart.uploadPart(upload, partNumber, () => reading.bytes(), { contentLength: length, signal }),
  );
  const { whole, own } = reading.hashes();
  if (looksLikeMd5(sent.etag) && sent.etag.toLowerCase() !== own.md5) {
    throw new SideFailure(
      "target",
      new StorageError("ChecksumMismatch", `The target stored other bytes as part ${partNumber} than it was sent.`, {
        key: upload.key,
      }),
    );
  }
  const record = { partNumber, etag: sent.etag, size: length, digest: own[algorithm] };
  return { record: await recordPart(record, sending), whole };
}

/** Reads a part as often as it is asked to: a body that breaks is sent again. The hashes are those of the last reading. */
function partReading(part: PartRange, before: RunningDigests, sending: Sending) {
  let whole: RunningDigests;
  let own: RunningDigests;
  return {
    async *bytes(): AsyncGenerator<Uint8Array> {
      whole = before.fork();
      own = runningDigests(true);
      try {
        for await (const chunk of await openPart(part, sending)) {
          whole.update(chunk);
          own.update(chunk);
          bodyBytesPassed(chunk.byteLength);
          yield chunk;
        }
      } catch (error) {
        throw attribute("source", error);
      }
    },
    hashes(): { readonly whole: RunningDigests; readonly own: Record<PartDigest, string> } {
      const { sha256, md5 = "" } = own.digests();
      return { whole, own: { sha256, md5 } };
    },
  };
}
