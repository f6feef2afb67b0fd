import { isStorageError, StorageError, type GetResult, type PutResult } from "@bucketferry/storage-core";
import { compareCopies, looksLikeMd5, type Digests } from "../decide/compare-copies.ts";
import { adoptOrRefuse, isUnexpectedAtTarget } from "./adopt.ts";
import { readDigests } from "./compare-at-target.ts";
import { runningDigests } from "./digests.ts";
import { at, attribute, SideFailure } from "./side-failure.ts";
import { conditionOf, headersOf, type OpenedObject, type TransferContext, type TransferOutcome } from "./transfer.ts";

/**
 * A body that flows from one side to the other while it is hashed; memory does not grow with it. A long read is a long time
 * for the source to change, so the source is asked once more at the end.
 */
export async function transferStreamed(transfer: OpenedObject, context: TransferContext): Promise<TransferOutcome> {
  const { object, opened, mode, carried } = transfer;
  const { source, target } = context.route;
  const { signal } = context;
  const { info } = opened;

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
  context.checkMd5(info, digests);

  const now = await at("source", source.head(object.key, { signal })).catch(whenGone);
  if (now === "gone") {
    await removeOurs(transfer, put, context);
    return { kind: "vanished" };
  }
  if (now.etag !== info.etag || now.size !== info.size) return { kind: "changed", put };

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

/** Reads the source for its hash alone, then looks at what the target has. */
async function compareWithoutPut(transfer: OpenedObject, context: TransferContext): Promise<TransferOutcome> {
  const { source } = context.route;
  const read = await readDigests(source, transfer.object.key, context.signal, "source", (bytes) =>
    context.bandwidth.pass(bytes, context.signal),
  );
  if (read.info.etag !== transfer.opened.info.etag) return { kind: "changed", put: undefined };
  return adoptOrRefuse(transfer, read.digests, context);
}

/** The deleted object must not live on in our copy (S3); only a copy that nothing stood in the place of is removed. */
async function removeOurs(
  { object, mode }: OpenedObject,
  put: PutResult,
  { route: { target }, signal }: TransferContext,
): Promise<void> {
  if (mode.mode !== "create") return;
  const condition = target.capabilities.conditionalDelete ? { ifMatch: put.etag } : {};
  await at("target", target.delete(object.targetKey, { ...condition, signal })).catch((error: unknown) => {
    // Somebody has put another object there since: it is theirs.
    if (error instanceof SideFailure && isStorageError(error.failure, "PreconditionFailed")) return;
    throw error;
  });
}

function whenGone(error: unknown): "gone" {
  if (error instanceof SideFailure && isStorageError(error.failure, "NotFound")) return "gone";
  throw error;
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
