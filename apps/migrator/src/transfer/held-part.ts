import type { UploadPartRecord } from "@bucketferry/ledger";
import type { GetResult, UploadedPart } from "@bucketferry/storage-core";
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
  const { partNumber, length } = part;
  const algorithm = partDigestFor(sending.context.route.target.capabilities);
  const kept = sending.upload.kept.get(partNumber);
  let record: UploadPartRecord;
  try {
    const digest = await fill(buffer.bytes, await openPart(part, sending, buffer.bytes), algorithm);
    const isKept = kept?.digest === digest;
    // Both end before the buffer becomes somebody else's, also when one of them fails.
    const [sent, added] = await Promise.allSettled([
      isKept ? kept : put(part, buffer.bytes, { [algorithm]: digest }, sending),
      addToWhole(),
    ]);
    if (sent.status === "rejected") throw sent.reason;
    if (added.status === "rejected") throw added.reason;
    if (isKept) return kept;
    record = { partNumber, etag: sent.value.etag, size: length, digest };
  } finally {
    buffer.release();
    turn.over();
  }
  return recordPart(record, sending);
}

async function fill(buffer: Uint8Array, opened: GetResult, algorithm: PartDigest): Promise<string> {
  const digest = runningPartDigest(algorithm);
  await fillBuffer("source", buffer, opened, digest.see);
  return digest.end(buffer);
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
