import type { Layer } from "../contract/layer.ts";
import type { PresignOptions } from "../contract/provider.ts";
import type { StorageError, StorageOperation } from "../errors/storage-error.ts";
import { refusal } from "../kit/failure.ts";

export interface ReadOnlyOptions {
  /** Why, for whoever meets the refusal: `the bucket is being moved`. */
  readonly reason?: string;
  /** Whether writes are refused now; left out: always. */
  readonly when?: () => boolean;
}

const WRITING_METHODS: ReadonlySet<PresignOptions["method"]> = new Set(["PUT", "POST", "DELETE"]);

/**
 * Refuses everything that could change the bucket with `PermissionDenied`, before any request, and hands out no signed
 * request that writes. Reads pass.
 *
 * Right: `[observe(…), readOnly(), retry()]`: the refusal is seen, and never tried again. Wrong: `[retry(), prefix("a/")]` around
 * a provider of which a second, unwrapped reference goes on writing; the layer guards its own door only.
 */
export function readOnly({ reason = "the provider is read-only", when = () => true }: ReadOnlyOptions = {}): Layer {
  return (inner) => {
    const refuse = (operation: StorageOperation, key?: string): StorageError | undefined =>
      when() ? refusal("PermissionDenied", { provider: inner.name, operation, key }, reason) : undefined;
    /** The write itself, or the refusal. */
    const write = async <Result>(
      operation: StorageOperation,
      key: string | undefined,
      run: () => Promise<Result>,
    ): Promise<Result> => {
      const refused = refuse(operation, key);
      if (refused !== undefined) throw refused;
      return run();
    };

    return {
      name: inner.name,
      bucket: inner.bucket,
      capabilities: inner.capabilities,
      urlHosts: inner.urlHosts,
      urlPathPart: inner.urlPathPart,

      put: (key, body, options) => write("put", key, () => inner.put(key, body, options)),
      get: (key, options) => inner.get(key, options),
      head: (key, options) => inner.head(key, options),
      exists: (key, options) => inner.exists(key, options),
      delete: (key, options) => write("delete", key, () => inner.delete(key, options)),
      async *deleteMany(keys, options) {
        const refused = refuse("deleteMany");
        if (refused !== undefined) throw refused;
        yield* inner.deleteMany(keys, options);
      },
      copy: (from, to, options) => write("copy", to, () => inner.copy(from, to, options)),
      list: (options) => inner.list(options),
      listPage: (options) => inner.listPage(options),
      presign: (request) =>
        WRITING_METHODS.has(request.method)
          ? write("presign", request.key, () => inner.presign(request))
          : inner.presign(request),
      publicUrl: (key, options) => inner.publicUrl(key, options),
      parseUrl: (url) => inner.parseUrl(url),

      async check(options = {}) {
        if (options.write !== true || !when()) return inner.check(options);
        const { ok, findings } = await inner.check({ ...options, write: false });
        const skipped = { id: "write", level: "warning", message: `Writing was not tried: ${reason}.` } as const;
        return { ok, findings: [...findings, skipped] };
      },

      ensureBucket: (options = {}) =>
        options.dryRun === true
          ? inner.ensureBucket(options)
          : write("ensureBucket", undefined, () => inner.ensureBucket(options)),
      close: () => inner.close(),

      multipart: {
        create: (key, options) => write("multipart.create", key, () => inner.multipart.create(key, options)),
        uploadPart: (upload, partNumber, body, options) =>
          write("multipart.uploadPart", upload?.key, () =>
            inner.multipart.uploadPart(upload, partNumber, body, options),
          ),
        listParts: (upload, options) => inner.multipart.listParts(upload, options),
        complete: (upload, parts, options) =>
          write("multipart.complete", upload?.key, () => inner.multipart.complete(upload, parts, options)),
        abort: (upload, options) => write("multipart.abort", upload?.key, () => inner.multipart.abort(upload, options)),
        list: (options) => inner.multipart.list(options),
      },
    };
  };
}
