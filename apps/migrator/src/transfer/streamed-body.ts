import { StorageError, type GetResult, type PutResult } from "@bucketferry/storage-core";
import { compareCopies, looksLikeMd5, type Digests } from "../decide/compare-copies.ts";
import { compareWithoutPut, isUnexpectedAtTarget } from "./adopt.ts";
import { runningDigests } from "./digests.ts";
import { removeOurs, settle } from "./settle.ts";
import { at, attribute, SideFailure } from "./side-failure.ts";
import { conditionOf, headersOf, type OpenedObject, type TransferContext, type TransferOutcome } from "./transfer.ts";

/**
 * A body that flows from one side to the other while it is hashed, for sources without ranges and targets without uploads in
 * parts. Memory does not grow with it; what breaks begins anew.
 */
export async function transferStreamed(transfer: OpenedObject, context: TransferContext): Promise<TransferOutcome> {
  const { object, info, opened, mode, carried } = transfer;
  const { target } = context.route;
  const { signal } = context;

  if (mode.mode === "compare") {
    await opened.cancel();
    return compareWithoutPut(transfer, context);
  }

  // The MD5 is worth its time where an ETag can confirm it: read side, or a target that stores the body in one piece.
  const hashing = runningDigests(looksLikeMd5(info.etag) || info.size <= target.capabilities.maxPutBytes);
  let put: PutResult;
  try {
    put = await at(
      "target",
      target.put(object.targetKey, hashed(opened, hashing.update, context), {
        ...headersOf(carried),
        ...conditionOf(mode),
        ...(context.partSizeBytes === undefined ? {} : { partSizeBytes: context.partSizeBytes }),
        contentLength: info.size,
        signal,
      }),
    );
  } catch (error) {
    if (!isUnexpectedAtTarget(error)) throw error;
    return compareWithoutPut(transfer, context);
  }
  const digests = hashing.digests();
  try {
    await context.checkMd5(info, digests);
  } catch (error) {
    // Its bytes are at the target already, and would be taken for somebody else's.
    await removeOurs(transfer, put, context);
    throw error;
  }

  const source = await settle(transfer, put, context);
  if (source === "vanished") return { kind: "vanished" };
  if (source === "changed") return { kind: "changed", put };

  return {
    kind: "copied",
    info,
    digests,
    targetEtag: put.etag,
    targetSize: put.size,
    evidence: evidenceOf(digests, put),
    notCarried: carried.notCarried,
  };
}

/** What the answer to the put proves about the bytes. A checksum that says otherwise fails the transfer. */
function evidenceOf(digests: Digests, put: PutResult): "stored-checksum" | "stored-md5" | null {
  const comparison = compareCopies(digests, put);
  if (comparison.verdict === "different") {
    throw new SideFailure(
      "target",
      new StorageError("ChecksumMismatch", "The target stored other bytes than it was sent.", { key: put.key }),
    );
  }
  if (comparison.verdict === "unknown") return null;
  return comparison.evidence === "stored-checksum" ? "stored-checksum" : "stored-md5";
}

async function* hashed(
  opened: GetResult,
  update: (chunk: Uint8Array) => void,
  { bandwidth, signal, onBytes }: TransferContext,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of opened) {
      await bandwidth.pass(chunk.byteLength, signal);
      update(chunk);
      onBytes(chunk.byteLength);
      yield chunk;
    }
  } catch (error) {
    throw attribute("source", error);
  }
}
