import type { UploadPartRecord } from "@bucketferry/ledger";
import type { UploadedPart } from "@bucketferry/storage-core";
import { partDigestFor, type PartDigest } from "../decide/part-digest.ts";
import type { PartRange } from "../decide/part-plan.ts";
import { checksumFor } from "./digests.ts";
import { fillBuffer } from "./fill-buffer.ts";
import { runningPartDigest, type HeldDigests } from "./held-digests.ts";
import type { PartBuffer } from "./part-buffers.ts";
import { openPart, recordPart, type Sending } from "./sending.ts";
import { at } from "./side-failure.ts";

/** Whose turn it is to be added to the hash of the whole. */
export interface Turn {
  readonly mine: Promise<void>;
  readonly over: () => void;
}

/** One part in memory: read, hashed, and sent while the hash of the whole waits for its turn. Gives the buffer back. */
export async function sendHeldPart(
  part: PartRange,
  buffer: PartBuffer,
  turn: Turn,
  whole: HeldDigests,
  sending: Sending,
): Promise<UploadPartRecord> {
  const addToWhole = async (): Promise<void> => {
    await turn.mine;
    sending.signal.throwIfAborted();
    await whole.add(buffer.bytes);
    turn.over();
  };
  const kept = sending.upload.kept.get(part.partNumber);
  const algorithm = partDigestFor(sending.context.route.target.capabilities);
  const running = runningPartDigest(algorithm);
  const sendUnlessKept = async (): Promise<UploadPartRecord> => {
    const digest = await running.end(buffer.bytes);
    if (kept?.digest === digest) return kept;
    const { etag } = await put(part, buffer.bytes, { [algorithm]: digest }, sending);
    return { partNumber: part.partNumber, etag, size: part.length, digest };
  };
  let record: UploadPartRecord;
  try {
    await fillBuffer("source", buffer.bytes, await openPart(part, sending, buffer.bytes), running.see);
    // Both end before the buffer becomes somebody else's, also when one of them fails.
    const [sent, added] = await Promise.allSettled([sendUnlessKept(), addToWhole()]);
    if (sent.status === "rejected") throw sent.reason;
    if (added.status === "rejected") throw added.reason;
    record = sent.value;
  } finally {
    buffer.release();
    turn.over();
  }
  return record === kept ? kept : recordPart(record, sending);
}

function put(
  { partNumber, length }: PartRange,
  bytes: Uint8Array,
  digests: Partial<Record<PartDigest, string>>,
  { upload, context, signal }: Sending,
): Promise<UploadedPart> {
  const { target } = context.route;
  const checksum = checksumFor(bytes, digests, target.capabilities);
  return at(
    "target",
    target.multipart.uploadPart(upload, partNumber, bytes, {
      ...(checksum === undefined ? {} : { checksum }),
      contentLength: length,
      signal,
    }),
  );
}
