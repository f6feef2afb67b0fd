import type { DriverBody } from "../contract/body.ts";
import type { GetOptions, GetResult, ObjectInfo, StorageProvider } from "../contract/provider.ts";
import { isStorageError, type StorageError } from "../errors/storage-error.ts";
import { refusal, type CallSite } from "../kit/failure.ts";
import { openObject } from "../kit/open-object.ts";
import type { GetCall } from "./around.ts";
import type { AfterFailure } from "./retry-policy.ts";

export interface Resumption {
  readonly call: GetCall;
  readonly next: (options: GetOptions) => Promise<GetResult>;
  readonly afterFailure: AfterFailure;
  readonly inner: StorageProvider;
}

/** The same open object; a body that breaks is opened again at the byte where it broke, and never twice the same byte. */
export function resuming(opened: GetResult, resumption: Resumption): GetResult {
  const { call, inner } = resumption;
  const site = { provider: inner.name, operation: "get", key: call.key } as const;
  const { info, range } = opened;
  // The signal is the inner object's affair: it ends what is read, and each request that takes it up.
  return openObject({ info, range, body: new ResumingBody(opened, resumption, site) }, { site });
}

class ResumingBody implements DriverBody {
  readonly #first: GetResult;
  readonly #resumption: Resumption;
  readonly #site: CallSite;
  #current: GetResult;

  constructor(first: GetResult, resumption: Resumption, site: CallSite) {
    this.#first = first;
    this.#resumption = resumption;
    this.#site = site;
    this.#current = first;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { length } = this.#first.range;
    let received = 0;
    let attempt = 0;
    let iterator = this.#current[Symbol.asyncIterator]();
    for (;;) {
      try {
        const step = await iterator.next();
        if (step.done === true) return;
        received += step.value.byteLength;
        attempt = 0;
        yield step.value;
      } catch (error) {
        // Every byte is here; only what was wrong with the bytes themselves still counts.
        if (received === length && isStorageError(error, "Unavailable", "Timeout")) return;
        if (received >= length) throw error;
        attempt = await this.#reopen(error, received, attempt);
        iterator = this.#current[Symbol.asyncIterator]();
      }
    }
  }

  async bytes(): Promise<Uint8Array> {
    let attempt = 0;
    for (;;) {
      try {
        return await this.#current.bytes();
      } catch (error) {
        attempt = await this.#reopen(error, 0, attempt);
      }
    }
  }

  cancel(): Promise<void> {
    return this.#current.cancel();
  }

  /** Opens the rest of the object, in as many attempts as are left; returns how many were used up. */
  async #reopen(failure: unknown, received: number, used: number): Promise<number> {
    const { call, next, afterFailure, inner } = this.#resumption;
    const repeatable = received === 0 || inner.capabilities.range.bounded;
    let error = failure;
    for (let attempt = used + 1; ; attempt += 1) {
      await afterFailure({ ...call, repeatable }, attempt, error);
      try {
        this.#current = this.#sameObject(await next(this.#restOptions(received)), received);
        return attempt;
      } catch (again) {
        error = again;
      }
    }
  }

  /** The rest of the range, pinned to the version that was opened where the service can do that. */
  #restOptions(received: number): GetOptions {
    const { call, inner } = this.#resumption;
    const { info, range } = this.#first;
    const rest = { offset: range.offset + received, length: range.length - received };
    // A whole object from its beginning needs no range, and an empty one allows none.
    const isWhole = rest.offset === 0 && rest.length === info.size;
    // A weak ETag never matches: RFC 9110 §13.1.1 compares strongly.
    const canPin = inner.capabilities.conditionalGet.ifMatch && !info.etag.startsWith("W/");
    return {
      signal: call.signal,
      version: call.options.version,
      into: call.options.into?.subarray(received),
      ...(isWhole ? {} : { range: rest }),
      ...(canPin ? { ifMatch: info.etag } : {}),
    };
  }

  /** Whatever was asked, what counts is what the answer says that it is. */
  #sameObject(opened: GetResult, received: number): GetResult {
    const problem = this.#problemOf(opened, received);
    if (problem === undefined) return opened;
    opened.cancel().catch(() => undefined);
    throw problem;
  }

  #problemOf({ info, range }: GetResult, received: number): StorageError | undefined {
    const first = this.#first;
    if (!sameVersion(first.info, info)) {
      return refusal("PreconditionFailed", this.#site, "the object changed while it was read", {
        hint: "Read it again from its beginning.",
      });
    }
    const offset = first.range.offset + received;
    if (range.offset === offset && range.length === first.range.length - received) return undefined;
    return refusal(
      "IncompleteBody",
      this.#site,
      `the rest from byte ${offset} on was asked for, the answer begins at ${range.offset} and has ${range.length} bytes`,
      { persistence: "exhausted" },
    );
  }
}

function sameVersion(one: ObjectInfo, other: ObjectInfo): boolean {
  if (one.etag !== other.etag || one.size !== other.size) return false;
  return !one.etag.startsWith("W/") || one.lastModified.getTime() === other.lastModified.getTime();
}
