import { createHash } from "node:crypto";
import type { UploadPartRecord } from "@bucketferry/ledger";
import type { GetResult, UploadedPart } from "@bucketferry/storage-core";
import type { PartRange } from "../decide/part-plan.ts";
import { checksumFor } from "./digests.ts";
import { fillBuffer } from "./fill-buffer.ts";
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
  sending: Sending,
): Promise<UploadPartRecord> {
  const addToWhole = async (): Promise<void> => {
    await turn.mine;
    sending.signal.throwIfAborted();
    sending.whole.update(buffer.bytes);
  };
  const { partNumber, length } = part;
  const kept = sending.upload.kept.get(partNumber);
  let record: UploadPartRecord;
  try {
    const sha256 = await fill(buffer.bytes, await openPart(part, sending, buffer.bytes));
    const isKept = kept?.sha256 === sha256;
    // Both end before the buffer becomes somebody else's, also when one of them fails.
    const [sent, added] = await Promise.allSettled([
      isKept ? kept : put(part, buffer.bytes, sha256, sending),
      addToWhole(),
    ]);
    if (sent.status === "rejected") throw sent.reason;
    if (added.status === "rejected") throw added.reason;
    if (isKept) return kept;
    record = { partNumber, etag: sent.value.etag, size: length, sha256 };
  } finally {
    buffer.release();
    turn.over();
  }
  return recordPart(record, sending);
}

/** The SHA-256 is computed on the way. */
async function fill(buffer: Uint8Array, opened: GetResult): Promise<string> {
  const sha256 = createHash("sha256");
  await fillBuffer("source", buffer, opened, (piece) => sha256.update(piece));
  return sha256.digest("hex");
}

function put(
  { partNumber, length }: PartRange,
  bytes: Uint8Array,
  sha256: string,
  { upload, context, signal }: Sending,
): Promise<UploadedPart> {
  const { target } = context.route;
  const checksum = checksumFor(bytes, { size: length, sha256, md5: undefined }, target.capabilities);
  return at(
    "target",
    target.multipart.uploadPart(upload, partNumber, bytes, {
      ...(checksum === undefined ? {} : { checksum }),
      contentLength: length,
      signal,
    }),
  );
}
