import type { PutBody } from "../contract/body.ts";
import type { Layer } from "../contract/layer.ts";
import type { DeleteOutcome, GetOptions, GetResult, StorageProvider } from "../contract/provider.ts";
import type { StorageOperation } from "../errors/storage-error.ts";
import { asStorageError } from "../kit/failure.ts";
import { listEntries } from "../kit/list-entries.ts";
import { bodyLength, isReplayable, watchedBody } from "./body-watch.ts";
import { keyBatches } from "./key-batches.ts";

/** One request on its way through a layer. */
export interface LayerCall {
  readonly operation: StorageOperation;
  readonly key: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether it can be made again: not with a body that can be read once, nor in the middle of an iteration. */
  readonly repeatable: boolean;
  /** Whether it sends an object's bytes, and how many, where that is known. */
  readonly upload?: { readonly bytes: number | undefined } | undefined;
  /** Whether it is about what is there already (`ifMatch`, `ifNoneMatch`). */
  readonly conditional?: boolean | undefined;
}

/** What a layer may change of a call before it passes it on. */
export interface CallChanges {
  readonly signal?: AbortSignal | undefined;
  /** Told of every piece of a streamed body that is read. */
  readonly onBodyBytes?: ((count: number) => void) | undefined;
}

/** Passes the call on; each time it is called, the call is made again. */
export type Next<Result> = (changes?: CallChanges) => Promise<Result>;

export interface GetCall extends LayerCall {
  readonly key: string;
  readonly options: GetOptions;
}

/** What a uniform layer does with calls. Only `call` is needed; the others do what `call` does where they are left out. */
export interface Around {
  call<Result>(call: LayerCall, next: Next<Result>): Promise<Result>;
  /** A `get`: what it resolves with is a body that has yet to be read. */
  open?(call: GetCall, next: (options: GetOptions) => Promise<GetResult>): Promise<GetResult>;
  /** One batch of `deleteMany`, of which some keys may fail and others not. */
  deleteBatch?(
    call: LayerCall,
    keys: readonly string[],
    next: (keys: readonly string[], changes?: CallChanges) => Promise<readonly DeleteOutcome[]>,
  ): Promise<readonly DeleteOutcome[]>;
}

/**
 * Builds a layer that treats all operations alike; the one place that lists them. A call of it is one request: `list`
 * becomes a call for each page and `deleteMany` one for each batch, so that a retry repeats a page and not a listing.
 */
export function around(layer: (inner: StorageProvider) => Around): Layer {
  return (inner) => {
    const { call, open, deleteBatch } = bound(layer(inner));

    const simple = <Result>(
      operation: StorageOperation,
      key: string | undefined,
      signal: AbortSignal | undefined,
      run: (signal: AbortSignal | undefined) => Promise<Result>,
      conditional = false,
    ): Promise<Result> =>
      call({ operation, key, signal, repeatable: true, conditional }, (changes) => run(changes?.signal ?? signal));

    const upload = <Result>(
      operation: StorageOperation,
      key: string | undefined,
      body: PutBody,
      options: Conditions & { readonly signal?: AbortSignal | undefined; readonly contentLength?: number | undefined },
      run: (
        body: PutBody,
        changes: { signal?: AbortSignal | undefined; contentLength?: number | undefined },
      ) => Promise<Result>,
    ): Promise<Result> => {
      const { signal } = options;
      const contentLength = options.contentLength ?? bodyLength(body);
      return call(
        {
          operation,
          key,
          signal,
          repeatable: isReplayable(body),
          upload: { bytes: contentLength },
          conditional: isConditional(options),
        },
        (changes) =>
          changes?.onBodyBytes === undefined
            ? run(body, { signal: changes?.signal ?? signal })
            : run(watchedBody(body, changes.onBodyBytes), { signal: changes.signal ?? signal, contentLength }),
      );
    };

    const listPage: StorageProvider["listPage"] = (options = {}) =>
      simple("list", undefined, options.signal, (signal) => inner.listPage({ ...options, signal }));

    return {
      name: inner.name,
      bucket: inner.bucket,
      capabilities: inner.capabilities,
      urlHosts: inner.urlHosts,
      urlPathPart: inner.urlPathPart,

      put: async (key, body, options = {}) =>
        upload("put", key, body, options, (sent, changes) => inner.put(key, sent, { ...options, ...changes })),

      get: async (key, options = {}) =>
        open({ operation: "get", key, signal: options.signal, repeatable: true, options }, (changed) =>
          inner.get(key, changed),
        ),

      head: async (key, options = {}) =>
        simple("head", key, options.signal, (signal) => inner.head(key, { ...options, signal })),

      exists: async (key, options = {}) =>
        simple("exists", key, options.signal, (signal) => inner.exists(key, { ...options, signal })),

      delete: async (key, options = {}) =>
        simple(
          "delete",
          key,
          options.signal,
          (signal) => inner.delete(key, { ...options, signal }),
          isConditional(options),
        ),

      async *deleteMany(keys, options = {}) {
        const { signal } = options;
        // A string is refused by whoever knows best how to say so.
        if (typeof keys === "string") return yield* inner.deleteMany(keys, options);
        const site = { provider: inner.name, operation: "deleteMany" } as const;
        const batches = keyBatches(keys, inner.capabilities.deleteMany.batch, signal);
        try {
          for await (const batch of batches) {
            yield* await deleteBatch({ ...site, key: undefined, signal, repeatable: true }, batch, (some, changes) =>
              Array.fromAsync(inner.deleteMany(some, { signal: changes?.signal ?? signal })),
            );
          }
        } catch (error) {
          throw asStorageError(error, { site, signal });
        }
      },

      copy: async (from, to, options = {}) =>
        simple(
          "copy",
          from,
          options.signal,
          (signal) => inner.copy(from, to, { ...options, signal }),
          isConditional(options),
        ),

      list: (options = {}) =>
        listEntries(
          (cursor) => listPage({ ...options, cursor }),
          { provider: inner.name, operation: "list" },
          options.signal,
        ),

      listPage: async (options = {}) => listPage(options),

      presign: async (request) =>
        simple("presign", request.key, request.signal, (signal) => inner.presign({ ...request, signal })),

      publicUrl: (key, options) => inner.publicUrl(key, options),
      parseUrl: (url) => inner.parseUrl(url),

      check: async (options = {}) =>
        simple("check", undefined, options.signal, (signal) => inner.check({ ...options, signal })),

      ensureBucket: async (options = {}) =>
        simple("ensureBucket", undefined, options.signal, (signal) => inner.ensureBucket({ ...options, signal })),

      close: () => inner.close(),

      multipart: {
        create: async (key, options = {}) =>
          simple("multipart.create", key, options.signal, (signal) =>
            inner.multipart.create(key, { ...options, signal }),
          ),

        uploadPart: async (target, partNumber, body, options = {}) =>
          upload("multipart.uploadPart", target?.key, body, options, (sent, changes) =>
            inner.multipart.uploadPart(target, partNumber, sent, { ...options, ...changes }),
          ),

        listParts: async (target, options = {}) =>
          simple("multipart.listParts", target?.key, options.signal, (signal) =>
            inner.multipart.listParts(target, { ...options, signal }),
          ),

        complete: async (target, parts, options = {}) =>
          simple(
            "multipart.complete",
            target?.key,
            options.signal,
            (signal) => inner.multipart.complete(target, parts, { ...options, signal }),
            isConditional(options),
          ),

        abort: async (target, options = {}) =>
          simple("multipart.abort", target?.key, options.signal, (signal) =>
            inner.multipart.abort(target, { ...options, signal }),
          ),

        async *list(options = {}) {
          const about = { operation: "multipart.list", key: undefined, signal: options.signal } as const;
          // The first step can be made again with a new iteration; a later one cannot, as the iteration has no cursor.
          let iterator: AsyncIterator<Awaited<ReturnType<typeof inner.multipart.create>>> | undefined;
          // The caller's own signal goes in: a layer's would be over with the first step.
          let step = await call({ ...about, repeatable: true }, () => {
            iterator = inner.multipart.list(options)[Symbol.asyncIterator]();
            return iterator.next();
          });
          const opened = iterator;
          if (opened === undefined) return;
          try {
            while (step.done !== true) {
              yield step.value;
              step = await call({ ...about, repeatable: false }, () => opened.next());
            }
          } finally {
            if (step.done !== true) await opened.return?.();
          }
        },
      },
    };
  };
}

interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

function isConditional({ ifMatch, ifNoneMatch }: Conditions): boolean {
  return ifMatch !== undefined || ifNoneMatch !== undefined;
}

/** The parts that a layer left out, in terms of its `call`. */
function bound(layer: Around): Required<Around> {
  return {
    call: (call, next) => layer.call(call, next),
    open: (call, next) =>
      layer.open?.(call, next) ??
      layer.call(call, (changes) =>
        next(changes?.signal === undefined ? call.options : { ...call.options, signal: changes.signal }),
      ),
    deleteBatch: (call, keys, next) =>
      layer.deleteBatch?.(call, keys, next) ?? layer.call(call, (changes) => next(keys, changes)),
  };
}
