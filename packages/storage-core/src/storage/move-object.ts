import type { ObjectInfo, OperationOptions, PutResult, StorageProvider } from "../contract/provider.ts";
import { isStorageError, StorageError } from "../errors/storage-error.ts";
import { copyBetween } from "./copy-between.ts";

export interface MoveOptions extends OperationOptions {
  /** Only when nothing is at the destination, else `AlreadyExists`. */
  readonly ifNoneMatch?: "*" | undefined;
}

/**
 * Copies, compares, deletes. No service can move in one step, so a failure in between leaves a copy behind; the error says so
 * with `applied: true` when both objects are there. Onto itself it does nothing but look.
 */
export async function moveObject(
  provider: StorageProvider,
  from: string,
  to: string,
  { ifNoneMatch, signal }: MoveOptions = {},
): Promise<PutResult> {
  const before = await provider.head(from, { signal });
  if (from === to) return resultOf(before);
  const result = await copyWithin(provider, before, to, { ifNoneMatch, signal });
  const problem = difference(before, await provider.head(to, { signal }));
  if (problem !== undefined) {
    throw failure(provider, from, `the copy at ${JSON.stringify(to)} ${problem}; the original was kept`, undefined);
  }
  try {
    const ifMatch = provider.capabilities.conditionalDelete ? before.etag : undefined;
    await provider.delete(from, { ifMatch, signal });
  } catch (error) {
    throw failure(
      provider,
      from,
      `copied to ${JSON.stringify(to)}, but the original could not be deleted; both are there`,
      error,
    );
  }
  return result;
}

/** By the service where it can; else through here. */
async function copyWithin(
  provider: StorageProvider,
  source: ObjectInfo,
  to: string,
  options: MoveOptions,
): Promise<PutResult> {
  const { capabilities } = provider;
  if (source.size > capabilities.serverSideCopy.maxBytes) {
    return (await copyBetween(provider, provider, source.key, { ...options, to })).target;
  }
  const sourceIfMatch = capabilities.conditionalCopy.source ? source.etag : undefined;
  return provider.copy(source.key, to, { ...options, sourceIfMatch });
}

/** What shows that the copy is not the original; undefined when nothing does. */
function difference(original: ObjectInfo, copy: ObjectInfo): string | undefined {
  if (original.size !== copy.size) return `has ${copy.size} bytes instead of ${original.size}`;
  const [one, other] = [original.checksums ?? {}, copy.checksums ?? {}];
  for (const algorithm of ["sha256", "sha1", "crc64nvme", "crc32c", "crc32", "md5"] as const) {
    if (one.type === "composite" || other.type === "composite") return undefined;
    if (one[algorithm] !== undefined && other[algorithm] !== undefined && one[algorithm] !== other[algorithm]) {
      return `has another ${algorithm}`;
    }
  }
  return undefined;
}

function resultOf({ key, size, etag, version, checksums }: ObjectInfo): PutResult {
  return { key, size, etag, version, checksums };
}

function failure(provider: StorageProvider, key: string, what: string, cause: unknown): StorageError {
  const known = isStorageError(cause) ? cause : undefined;
  return new StorageError(known?.code ?? "ChecksumMismatch", `${provider.name}: move ${JSON.stringify(key)}: ${what}`, {
    provider: provider.name,
    operation: known?.operation ?? "copy",
    key,
    persistence: known?.persistence,
    applied: true,
    hint: "Delete one of the two when you know which you want.",
    cause,
  });
}
