import { createHash, type Hash } from "node:crypto";
import { StorageError, type Checksum, type PutOptions, type PutResult } from "@bucketferry/storage-core";
import type { PartPlan } from "./part-plan.ts";
import type { S3Context } from "./s3-context.ts";
import { headObject } from "./s3-get.ts";
import { writeCondition } from "./s3-headers.ts";
import { abortUpload, completeUpload, createUpload, sendPart, type PartReference } from "./s3-multipart.ts";

/**
 * One object out of parts, some of them on their way at once. Whatever fails, no upload is left behind.
 *
 * @param onSent told of each part that the service has, whose memory may be used again
 */
export async function putInParts(
  context: S3Context,
  key: string,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  plan: PartPlan,
  length: number | undefined,
  options: PutOptions,
  onSent?: (bytes: Uint8Array) => void,
): Promise<PutResult> {
  const { capabilities } = context;
  const condition = writeCondition(options);
  if (condition !== undefined && !capabilities.conditionalMultipart[condition]) {
    throw new StorageError("Unsupported", "the service has no conditions for objects that are sent in parts", {
      hint: "Pass contentLength, so that the body can go in one request, or leave the condition out",
    });
  }
  const tally = checksumTally(options.checksum);
  const { signal } = options;
  const failing = new AbortController();
  const partSignal = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal]);
  // Not to be interrupted: an upload whose id is lost on the way cannot be taken back.
  const upload = await createUpload(context, key, { ...options, signal: undefined });

  const sent: PartReference[] = [];
  const underway = new Set<Promise<void>>();
  const failure = firstFailure();
  let size = 0;
  let sentBytes = 0;

  async function send(partNumber: number, bytes: Uint8Array): Promise<void> {
    sent.push(await sendPart(context, upload, partNumber, { bytes }, { signal: partSignal }));
    sentBytes += bytes.byteLength;
    onSent?.(bytes);
    options.onProgress?.({ sentBytes, totalBytes: length });
  }

  async function sendAll(): Promise<void> {
    const reading = Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
    for (let partNumber = 1; ; partNumber += 1) {
      while (underway.size >= plan.concurrencyAt(partNumber)) await failure.orOutcome(Promise.race(underway));
      // A part that fails ends the put at once, also while the stream has nothing to say.
      const step = await failure.orOutcome(Promise.resolve(reading.next()));
      if (step.done === true) break;
      const bytes = step.value;
      size += bytes.byteLength;
      demandFits(partNumber, size, capabilities);
      tally?.hash.update(bytes);
      const part = send(partNumber, bytes)
        .catch((error: unknown) => failure.report(error))
        .finally(() => underway.delete(part));
      underway.add(part);
    }
    await failure.orOutcome(Promise.all(underway));
  }

  try {
    signal?.throwIfAborted();
    await sendAll();
    if (tally !== undefined && tally.hash.digest(tally.encoding) !== options.checksum?.value) {
      throw new StorageError("ChecksumMismatch", "the checksum is not that of the body");
    }
    const { etag, version } = await completeUpload(context, upload, sent, options);
    if (etag !== "") return { key, size, etag, version };
    const info = await headObject(context, key, { version, signal });
    return { key, size, etag: info.etag, version, checksums: info.checksums };
  } catch (error) {
    failing.abort(error);
    await Promise.allSettled(underway);
    // What went wrong first is what the caller has to know.
    await abortUpload(context, upload, {}).catch(() => undefined);
    throw error;
  }
}

/**
 * Lets whoever waits lose against the first failure that is reported; one at a time waits. Not `Promise.race` against one
 * promise that lives as long as the upload: it would hold every outcome, so every part, until its end.
 */
function firstFailure() {
  let failed: { readonly error: unknown } | undefined;
  let lose: ((error: unknown) => void) | undefined;
  return {
    report(error: unknown): void {
      failed ??= { error };
      lose?.(error);
    },
    orOutcome<Outcome>(waitedFor: Promise<Outcome>): Promise<Outcome> {
      return new Promise((resolve, reject) => {
        lose = reject;
        waitedFor.then(resolve, reject);
        if (failed !== undefined) reject(failed.error);
      });
    },
  };
}

function demandFits(partNumber: number, size: number, { multipart, maxObjectBytes }: S3Context["capabilities"]): void {
  if (size > maxObjectBytes || (multipart !== false && partNumber > multipart.maxParts)) {
    throw new StorageError("TooLarge", "the body is longer than the service takes, with parts of this size", {
      hint: "Pass contentLength, so that the parts can be chosen to fit, or a larger partSizeBytes",
    });
  }
}

/** A hash of the whole body, for services verify parts only one by one. */
function checksumTally(
  checksum: Checksum | undefined,
): { readonly hash: Hash; readonly encoding: "hex" | "base64" } | undefined {
  if (checksum === undefined) return undefined;
  const { algorithm } = checksum;
  if (algorithm === "md5") return { hash: createHash(algorithm), encoding: "hex" };
  if (algorithm === "sha256" || algorithm === "sha1") return { hash: createHash(algorithm), encoding: "base64" };
  throw new StorageError("Unsupported", `a body that is sent in parts cannot be held against a ${algorithm}`, {
    hint: "Pass contentLength, so that the body can go in one request, or a sha256",
  });
}
