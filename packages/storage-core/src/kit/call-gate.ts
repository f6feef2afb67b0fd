import type { StorageDriver } from "../contract/driver.ts";
import type { StorageError, StorageOperation } from "../errors/storage-error.ts";
import { aborted, asStorageError, refusal, type CallSite } from "./failure.ts";
import { keyCheck } from "./key-problem.ts";

/** What every call passes on its way in, and every failure on its way out. */
export interface CallGate {
  /** @throws InvalidArgument after `close`, `Aborted`, `InvalidKey` */
  enter(operation: StorageOperation, signal: AbortSignal | undefined, key?: string, to?: string): CallSite;
  /** A refused key, as an error instead of a throw. */
  keyError(site: CallSite, key: unknown): StorageError | undefined;
  fail(error: unknown, site: CallSite, signal: AbortSignal | undefined): StorageError;
  readonly classify: StorageDriver["classify"];
  shut(): void;
}

export function callGate(driver: StorageDriver): CallGate {
  const check = keyCheck(driver.capabilities.keys);
  const classify: StorageDriver["classify"] = (error) => driver.classify(error);
  let open = true;

  const keyError = (site: CallSite, key: unknown): StorageError | undefined => {
    const problem = check(key);
    if (problem === undefined) return undefined;
    return refusal("InvalidKey", { ...site, key: String(key) }, `the key ${problem.reason}. ${problem.fix}`);
  };

  return {
    enter(operation, signal, ...keys) {
      const [key, to] = keys;
      const site: CallSite = { provider: driver.name, operation, key, to };
      if (!open) throw refusal("InvalidArgument", site, "the provider is closed. Make a new one");
      if (signal?.aborted === true) throw aborted(site, signal);
      for (const one of keys) {
        const error = keyError({ ...site, to: undefined }, one);
        if (error !== undefined) throw error;
      }
      return site;
    },
    keyError,
    fail: (error, site, signal) => asStorageError(error, { site, signal, classify }),
    classify,
    shut() {
      open = false;
    },
  };
}
