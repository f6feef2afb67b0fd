import type { StorageDriver } from "../contract/driver.ts";
import type { DeleteOutcome, OperationOptions } from "../contract/provider.ts";
import { abortable } from "./abortable.ts";
import type { CallGate } from "./call-gate.ts";
import { asStorageError, refusal, type CallSite } from "./failure.ts";

/**
 * Deletes in the driver's batches, one batch at a time. A refused key is an outcome of its own; a request that fails as a
 * whole ends the iteration, after the outcomes of the batches before it.
 */
export async function* deleteMany(
  driver: StorageDriver,
  gate: CallGate,
  keys: Iterable<string> | AsyncIterable<string>,
  options: OperationOptions,
): AsyncGenerator<DeleteOutcome, void, undefined> {
  const { signal } = options;
  const site = gate.enter("deleteMany", signal);
  // A string is an iterable of its characters, each of which may be the name of an object.
  if (typeof keys === "string")
    throw refusal("InvalidArgument", site, "keys is a string. Pass an array, or call delete");
  const batch = new Batch(driver, gate, site, signal);
  const source = abortable(keys, signal);
  try {
    for (;;) {
      const step = await source.next().catch((error: unknown) => {
        throw asStorageError(error, { site, signal });
      });
      if (step.done === true) break;
      const refused = gate.keyError(site, step.value);
      if (refused !== undefined) {
        yield { key: step.value, error: refused };
        continue;
      }
      batch.add(step.value);
      if (batch.isFull) yield* await batch.send();
    }
  } finally {
    await source.return();
  }
  yield* await batch.send();
}

class Batch {
  readonly #driver: StorageDriver;
  readonly #gate: CallGate;
  readonly #site: CallSite;
  readonly #signal: AbortSignal | undefined;
  /** How often each key was asked for: services answer once, callers count every one. */
  #keys = new Map<string, number>();

  constructor(driver: StorageDriver, gate: CallGate, site: CallSite, signal: AbortSignal | undefined) {
    this.#driver = driver;
    this.#gate = gate;
    this.#site = site;
    this.#signal = signal;
  }

  get isFull(): boolean {
    return this.#keys.size >= this.#driver.capabilities.deleteMany.batch;
  }

  add(key: string): void {
    this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1);
  }

  async send(): Promise<readonly DeleteOutcome[]> {
    const keys = this.#keys;
    if (keys.size === 0) return [];
    this.#keys = new Map();
    this.#gate.enter("deleteMany", this.#signal);
    const answered = await this.#request([...keys.keys()]);
    const outcomes: DeleteOutcome[] = [];
    for (const outcome of answered) {
      const times = keys.get(outcome.key) ?? 0;
      keys.delete(outcome.key);
      for (let time = 0; time < times; time += 1) outcomes.push(this.#named(outcome));
    }
    for (const key of keys.keys()) {
      const error = refusal("Unknown", { ...this.#site, key }, "the service's answer does not mention the key", {
        applied: "unknown",
      });
      outcomes.push({ key, error });
    }
    return outcomes;
  }

  async #request(keys: readonly string[]): Promise<readonly DeleteOutcome[]> {
    try {
      return await this.#driver.deleteBatch(keys, { signal: this.#signal });
    } catch (error) {
      throw this.#gate.fail(error, this.#site, this.#signal);
    }
  }

  #named(outcome: DeleteOutcome): DeleteOutcome {
    if (outcome.error === undefined) return { key: outcome.key };
    const { key } = outcome;
    return { key, error: this.#gate.fail(outcome.error, { ...this.#site, key }, undefined) };
  }
}
