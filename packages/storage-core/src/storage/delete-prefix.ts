import type { DeleteOutcome, OperationOptions, StorageProvider } from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";
import { listAll } from "../listing/list-all.ts";

export interface DeletePrefixResult {
  readonly deleted: number;
  readonly failed: number;
  /** The first failures, each with its key and error; never more than 100, however many there are. */
  readonly failures: readonly DeleteOutcome[];
}

const MAX_FAILURES = 100;

/** Deletes every object whose key begins so, page by page. Objects that are written meanwhile may stay. */
export async function deletePrefix(
  provider: StorageProvider,
  prefix: string,
  { signal }: OperationOptions = {},
): Promise<DeletePrefixResult> {
  // "" would empty the bucket: nobody means that by accident, and everybody who means it can say so in a loop.
  if (prefix === "") {
    throw new StorageError("InvalidArgument", "prefix is empty, which would delete the whole bucket. Name a prefix", {
      provider: provider.name,
      operation: "deleteMany",
    });
  }
  const failures: DeleteOutcome[] = [];
  let deleted = 0;
  let failed = 0;
  for await (const outcome of provider.deleteMany(keysUnder(provider, prefix, signal), { signal })) {
    if (outcome.error === undefined) {
      deleted += 1;
    } else {
      failed += 1;
      if (failures.length < MAX_FAILURES) failures.push(outcome);
    }
  }
  return { deleted, failed, failures };
}

async function* keysUnder(
  provider: StorageProvider,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for await (const { key } of listAll(provider, { prefix, signal })) yield key;
}
