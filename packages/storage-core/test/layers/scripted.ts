import type { GetOptions, GetResult, StorageProvider } from "../../src/contract/provider.ts";
import { StorageError, type StorageErrorDetails, type StorageOperation } from "../../src/errors/storage-error.ts";
import type { StorageErrorCode } from "../../src/errors/error-codes.ts";
import { openObject } from "../../src/kit/open-object.ts";
import { memory, type MemoryOptions } from "../../src/memory/index.ts";

export interface Scripted {
  readonly provider: StorageProvider;
  /** Operations that reached the store, in order. */
  readonly calls: readonly StorageOperation[];
  /** The next calls of this operation fail so, one after another; `undefined` lets one pass. */
  readonly fail: (operation: StorageOperation, ...errors: readonly (StorageError | undefined)[]) => void;
}

/** Memory whose calls fail as a test says. */
export function scripted(options: MemoryOptions = {}): Scripted {
  const calls: StorageOperation[] = [];
  const script = new Map<StorageOperation, (StorageError | undefined)[]>();
  const provider = memory({
    ...options,
    onCall({ operation }) {
      calls.push(operation);
      const error = script.get(operation)?.shift();
      if (error !== undefined) throw error;
    },
  });
  return { provider, calls, fail: (operation, ...errors) => void script.set(operation, [...errors]) };
}

export function failure(code: StorageErrorCode, details: StorageErrorDetails = {}): StorageError {
  return new StorageError(code, "made by the test", details);
}

/**
 * A provider whose first bodies break: each number is how many bytes of the served range are given before the error.
 * `requests` are the options of every `get`.
 */
export function breaking(
  inner: StorageProvider,
  cuts: readonly number[],
  error: StorageError = failure("Unavailable"),
): { readonly provider: StorageProvider; readonly requests: readonly GetOptions[] } {
  const requests: GetOptions[] = [];
  const left = [...cuts];
  const get: StorageProvider["get"] = async (key, options = {}) => {
    requests.push(options);
    const result = await inner.get(key, options);
    const cut = left.shift();
    return cut === undefined ? result : broken(result, cut, error);
  };
  return { provider: { ...inner, get }, requests };
}

function broken(result: GetResult, cut: number, error: StorageError): GetResult {
  const body = {
    async *[Symbol.asyncIterator]() {
      const bytes = await result.bytes();
      // In pieces, so that a reader has some before it breaks.
      for (let offset = 0; offset < cut; offset += 2) yield bytes.subarray(offset, Math.min(cut, offset + 2));
      throw error;
    },
    cancel: () => result.cancel(),
  };
  const { info, range } = result;
  return openObject({ info, range, body }, { site: { provider: "memory", operation: "get", key: info.key } });
}
