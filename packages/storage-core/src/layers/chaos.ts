import type { Layer } from "../contract/layer.ts";
import type { GetResult } from "../contract/provider.ts";
import type { StorageErrorCode } from "../errors/error-codes.ts";
import type { StorageOperation } from "../errors/storage-error.ts";
import { asStorageError, refusal, type CallSite } from "../kit/failure.ts";
import { openObject } from "../kit/open-object.ts";
import { seededRandom } from "./seeded-random.ts";
import { sleep as realSleep } from "./sleep.ts";

/** One kind of trouble and how often it comes. */
export type Trouble = {
  /** Which operations suffer; left out: all. */
  readonly operations?: readonly StorageOperation[];
  /** From 0 (never) to 1 (always). */
  readonly probability: number;
} & (
  | { readonly kind: "latency"; readonly maxMs: number }
  /** Fails before anything is done. */
  | { readonly kind: "error"; readonly code: StorageErrorCode; readonly retryAfterMs?: number }
  /** Does the work and loses the answer. */
  | { readonly kind: "lostAnswer" }
  /** `get`: the body breaks somewhere in the middle. */
  | { readonly kind: "cutBody" }
);

export interface ChaosOptions {
  /** The same seed and the same order of calls give the same troubles. */
  readonly seed: number;
  readonly troubles: readonly Trouble[];
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

interface Subject {
  readonly operation: StorageOperation;
  readonly key?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes trouble, seeded, for tests of applications: latency, errors, lost answers, bodies that break. What happens is what
 * the contract allows to happen, so code that keeps to the contract has to survive it.
 *
 * Right: `[observe(…), retry(), chaos({ seed, troubles })]`: retry has to deal with it, as with a real service.
 * Wrong: `[chaos(…), retry()]`: nothing stands between the trouble and the application.
 */
export function chaos({ seed, troubles, sleep = realSleep }: ChaosOptions): Layer {
  const random = seededRandom(seed);

  return (inner) => {
    const siteOf = ({ operation, key }: Subject): CallSite => ({ provider: inner.name, operation, key });
    /** The troubles of this one call, drawn in the order in which they are listed. */
    const drawn = (operation: StorageOperation): readonly Trouble[] =>
      troubles.filter(
        ({ operations, probability }) => operations?.includes(operation) !== false && random() < probability,
      );

    const before = async (subject: Subject, trouble: Trouble): Promise<void> => {
      if (trouble.kind === "error") {
        const { code, retryAfterMs } = trouble;
        throw refusal(code, siteOf(subject), "trouble made by the chaos layer", { retryAfterMs, applied: false });
      }
      if (trouble.kind !== "latency") return;
      try {
        await sleep(random() * trouble.maxMs, subject.signal);
      } catch (reason) {
        throw asStorageError(reason, { site: siteOf(subject), signal: subject.signal });
      }
    };

    const troubled = async <Result>(
      subject: Subject,
      run: () => Promise<Result>,
      spoil: (result: Result) => Result = (result) => result,
    ): Promise<Result> => {
      const here = drawn(subject.operation);
      for (const trouble of here) await before(subject, trouble);
      const result = await run();
      if (here.some(({ kind }) => kind === "lostAnswer")) {
        if (isOpen(result)) await result.cancel();
        throw refusal("Unavailable", siteOf(subject), "the chaos layer lost the answer", { applied: "unknown" });
      }
      return here.some(({ kind }) => kind === "cutBody") ? spoil(result) : result;
    };

    const cut = (result: GetResult, subject: Subject): GetResult => {
      const after = Math.floor(random() * result.range.length);
      const broken = () =>
        refusal("Unavailable", siteOf(subject), `the chaos layer broke the body after ${after} bytes`);
      const body = {
        async *[Symbol.asyncIterator]() {
          let left = after;
          for await (const chunk of result) {
            yield chunk.subarray(0, left);
            left -= Math.min(left, chunk.byteLength);
            if (left === 0) break;
          }
          throw broken();
        },
        cancel: () => result.cancel(),
      };
      const { info, range } = result;
      return range.length === 0
        ? result
        : openObject({ info, range, body }, { site: siteOf(subject), signal: subject.signal });
    };

    /** Iterations begin with trouble or not at all. */
    const troubledIteration = async function* <Item>(
      subject: Subject,
      run: () => AsyncIterable<Item>,
    ): AsyncGenerator<Item, void, undefined> {
      await troubled(subject, async () => undefined);
      yield* run();
    };

    return {
      name: inner.name,
      bucket: inner.bucket,
      capabilities: inner.capabilities,
      urlHosts: inner.urlHosts,
      urlPathPart: inner.urlPathPart,

      put: (key, body, options) =>
        troubled({ operation: "put", key, signal: options?.signal }, () => inner.put(key, body, options)),
      get: (key, options) => {
        const subject = { operation: "get", key, signal: options?.signal } as const;
        return troubled(
          subject,
          () => inner.get(key, options),
          (result) => cut(result, subject),
        );
      },
      head: (key, options) =>
        troubled({ operation: "head", key, signal: options?.signal }, () => inner.head(key, options)),
      exists: (key, options) =>
        troubled({ operation: "exists", key, signal: options?.signal }, () => inner.exists(key, options)),
      delete: (key, options) =>
        troubled({ operation: "delete", key, signal: options?.signal }, () => inner.delete(key, options)),
      deleteMany: (keys, options) =>
        troubledIteration({ operation: "deleteMany", signal: options?.signal }, () => inner.deleteMany(keys, options)),
      copy: (from, to, options) =>
        troubled({ operation: "copy", key: from, signal: options?.signal }, () => inner.copy(from, to, options)),
      list: (options) => troubledIteration({ operation: "list", signal: options?.signal }, () => inner.list(options)),
      listPage: (options) => troubled({ operation: "list", signal: options?.signal }, () => inner.listPage(options)),
      presign: (request) =>
        troubled({ operation: "presign", key: request.key, signal: request.signal }, () => inner.presign(request)),
      publicUrl: (key, options) => inner.publicUrl(key, options),
      parseUrl: (url) => inner.parseUrl(url),
      check: (options) => troubled({ operation: "check", signal: options?.signal }, () => inner.check(options)),
      ensureBucket: (options) =>
        troubled({ operation: "ensureBucket", signal: options?.signal }, () => inner.ensureBucket(options)),
      close: () => inner.close(),

      multipart: {
        create: (key, options) =>
          troubled({ operation: "multipart.create", key, signal: options?.signal }, () =>
            inner.multipart.create(key, options),
          ),
        uploadPart: (upload, partNumber, body, options) =>
          troubled({ operation: "multipart.uploadPart", key: upload?.key, signal: options?.signal }, () =>
            inner.multipart.uploadPart(upload, partNumber, body, options),
          ),
        listParts: (upload, options) =>
          troubled({ operation: "multipart.listParts", key: upload?.key, signal: options?.signal }, () =>
            inner.multipart.listParts(upload, options),
          ),
        complete: (upload, parts, options) =>
          troubled({ operation: "multipart.complete", key: upload?.key, signal: options?.signal }, () =>
            inner.multipart.complete(upload, parts, options),
          ),
        abort: (upload, options) =>
          troubled({ operation: "multipart.abort", key: upload?.key, signal: options?.signal }, () =>
            inner.multipart.abort(upload, options),
          ),
        list: (options) =>
          troubledIteration({ operation: "multipart.list", signal: options?.signal }, () =>
            inner.multipart.list(options),
          ),
      },
    };
  };
}

function isOpen(result: unknown): result is GetResult {
  return typeof result === "object" && result !== null && "cancel" in result && typeof result.cancel === "function";
}
