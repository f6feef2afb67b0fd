import type { KeyRules } from "../contract/capabilities.ts";
import type { Layer } from "../contract/layer.ts";
import type {
  CheckFinding,
  CheckOptions,
  CheckReport,
  DeleteOutcome,
  ListEntry,
  ListPage,
  MultipartUpload,
  ParsedUrl,
  PutResult,
  StorageProvider,
} from "../contract/provider.ts";
import { StorageError, type StorageOperation } from "../errors/storage-error.ts";
import { asStorageError, refusal } from "../kit/failure.ts";
import { deepFreeze } from "../kit/deep-freeze.ts";
import { keyCheck, MAX_KEY_BYTES } from "../kit/key-problem.ts";
import { listEntries } from "../kit/list-entries.ts";
import { openObject } from "../kit/open-object.ts";
import { utf8Length } from "../kit/utf8-length.ts";
import { checkWriting } from "./check-writing.ts";

/**
 * A provider within a prefix: keys are relative to it, and no key reaches outside, since the prefix ends in a slash and
 * keys are never resolved, only joined. Everything that names a key is relative: results, listings, uploads, errors, URLs.
 * The one exception is asked for by name: a copy's `fromBucket` makes its `from` a whole key, which the prefix leaves alone.
 *
 * Right: `withLayers(s3(…), [observe(…), retry(), prefix("audio/")])`; next to the provider, so that all other layers speak of
 * relative keys. Wrong: `[prefix("a/"), prefix("b/")]` for "b/a/"… it means `b/a/`, the outer one is the inner folder.
 */
export function prefix(path: string): Layer {
  return (inner) => {
    const { capabilities } = inner;
    demandPrefix(path, capabilities.keys);
    const rules = relativeRules(path, capabilities.keys);
    const check = keyCheck(rules);

    const full = (operation: StorageOperation, key: string): string => {
      const problem = check(key);
      if (problem === undefined) return path + key;
      const site = { provider: inner.name, operation, key: String(key) };
      throw refusal("InvalidKey", site, `the key ${problem.reason}. ${problem.fix}`);
    };
    const relative = (key: string): string => (key.startsWith(path) ? key.slice(path.length) : key);
    // What is no string goes in as it is, to be refused by whoever checks it.
    const within = (text: string): string => (typeof text === "string" ? path + text : text);
    const relativeError = (error: unknown): unknown =>
      error instanceof StorageError && error.key !== undefined ? error.with({ key: relative(error.key) }) : error;
    /** The answer with its own key made relative, or the error with its key made relative. */
    const named = async <Answer extends { readonly key: string }>(answer: Promise<Answer>): Promise<Answer> => {
      try {
        const given = await answer;
        return { ...given, key: relative(given.key) };
      } catch (error) {
        throw relativeError(error);
      }
    };
    const unnamed = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      try {
        return await answer;
      } catch (error) {
        throw relativeError(error);
      }
    };
    /** The source's key is another bucket's, or lies beside the prefix: an error that names it keeps it whole. */
    const copiedFromElsewhere = async (copied: Promise<PutResult>, from: string): Promise<PutResult> => {
      try {
        const given = await copied;
        return { ...given, key: relative(given.key) };
      } catch (error) {
        throw error instanceof StorageError && error.key === from ? error : relativeError(error);
      }
    };
    const fullUpload = (operation: StorageOperation, upload: MultipartUpload): MultipartUpload => ({
      ...upload,
      key: full(operation, upload?.key),
    });

    const listPage: StorageProvider["listPage"] = async (options = {}) => {
      const { startAfter } = options;
      const page = await unnamed(
        inner.listPage({
          ...options,
          prefix: within(options.prefix ?? ""),
          startAfter: startAfter && within(startAfter),
        }),
      );
      return relativePage(page, relative);
    };

    return {
      name: inner.name,
      bucket: inner.bucket,
      capabilities: deepFreeze({ ...capabilities, keys: rules }),
      urlHosts: inner.urlHosts,
      urlPathPart: inner.urlPathPart,

      put: async (key, body, options) => named(inner.put(full("put", key), body, options)),

      async get(key, options = {}) {
        const opened = await unnamed(inner.get(full("get", key), options));
        const site = { provider: inner.name, operation: "get", key } as const;
        const body = {
          async *[Symbol.asyncIterator]() {
            try {
              yield* opened;
            } catch (error) {
              throw relativeError(error);
            }
          },
          bytes: () => unnamed(opened.bytes()),
          cancel: () => opened.cancel(),
        };
        const { info, range } = opened;
        return openObject({ info: { ...info, key }, range, body }, { site });
      },

      head: async (key, options) => named(inner.head(full("head", key), options)),
      exists: async (key, options) => unnamed(inner.exists(full("exists", key), options)),
      delete: async (key, options) => unnamed(inner.delete(full("delete", key), options)),

      async *deleteMany(keys, options = {}) {
        const site = { provider: inner.name, operation: "deleteMany" } as const;
        if (typeof keys === "string")
          throw refusal("InvalidArgument", site, "keys is a string. Pass an array, or call delete");
        // The inner provider sees valid keys only; what it does not see is told between its own outcomes.
        const refused: DeleteOutcome[] = [];
        const fullKeys = async function* (): AsyncGenerator<string> {
          for await (const key of keys) {
            try {
              yield full("deleteMany", key);
            } catch (error) {
              refused.push({ key, error: asStorageError(error, { site }) });
            }
          }
        };
        try {
          for await (const { key, error } of inner.deleteMany(fullKeys(), options)) {
            yield* refused.splice(0);
            const name = relative(key);
            yield error === undefined ? { key: name } : { key: name, error: error.with({ key: name }) };
          }
        } catch (error) {
          yield* refused.splice(0);
          throw relativeError(error);
        }
        yield* refused;
      },

      copy: async (from, to, options) =>
        options?.fromBucket === undefined
          ? named(inner.copy(full("copy", from), full("copy", to), options))
          : copiedFromElsewhere(inner.copy(from, full("copy", to), options), from),

      list: (options = {}) =>
        listEntries(
          (cursor) => listPage({ ...options, cursor }),
          { provider: inner.name, operation: "list" },
          options.signal,
        ),
      listPage,

      presign: async (request) => unnamed(inner.presign({ ...request, key: full("presign", request.key) })),

      publicUrl(key, options) {
        const fullKey = full("publicUrl", key);
        try {
          return inner.publicUrl(fullKey, options);
        } catch (error) {
          throw relativeError(error);
        }
      },

      parseUrl: (url) => relativeUrl(inner.parseUrl(url), path),

      check: (options = {}) => checkWithin(inner, path, options),
      ensureBucket: async (options) => inner.ensureBucket(options),
      close: () => inner.close(),

      multipart: {
        create: async (key, options) => named(inner.multipart.create(full("multipart.create", key), options)),
        uploadPart: async (upload, partNumber, body, options) =>
          unnamed(inner.multipart.uploadPart(fullUpload("multipart.uploadPart", upload), partNumber, body, options)),
        listParts: async (upload, options) =>
          unnamed(inner.multipart.listParts(fullUpload("multipart.listParts", upload), options)),
        complete: async (upload, parts, options) =>
          named(inner.multipart.complete(fullUpload("multipart.complete", upload), parts, options)),
        abort: async (upload, options) =>
          unnamed(inner.multipart.abort(fullUpload("multipart.abort", upload), options)),
        async *list(options = {}) {
          for await (const upload of inner.multipart.list({ ...options, prefix: within(options.prefix ?? "") })) {
            yield { ...upload, key: relative(upload.key) };
          }
        },
      },
    };
  };
}

function demandPrefix(path: string, rules: KeyRules): void {
  const refuse = (problem: string) => new StorageError("InvalidConfig", `prefix ${JSON.stringify(path)} ${problem}`);
  if (typeof path !== "string" || path === "/" || !path.endsWith("/")) {
    throw refuse('has to be the name of a folder. End it with a slash, for example "audio/"');
  }
  if (path.split("/").some((segment) => segment === "." || segment === "..")) {
    throw refuse('holds "." or "..", which some services resolve. Name the folder itself');
  }
  const problem = keyCheck(rules)(`${path}a`);
  if (problem !== undefined) throw refuse(`makes keys that are refused: a key ${problem.reason}. ${problem.fix}`);
}

/** What is left of the rules when every key begins with `path`. */
function relativeRules(path: string, rules: KeyRules): KeyRules {
  return {
    ...rules,
    maxBytes: Math.min(rules.maxBytes, MAX_KEY_BYTES) - utf8Length(path),
    // A slash that leads follows the prefix's own.
    leadingSlash: rules.doubleSlash,
  };
}

function relativePage(page: ListPage, relative: (key: string) => string): ListPage {
  const entries = page.entries.map((entry): ListEntry =>
    entry.type === "prefix"
      ? { type: "prefix", prefix: relative(entry.prefix) }
      : { ...entry, key: relative(entry.key) },
  );
  return page.cursor === undefined ? { entries } : { entries, cursor: page.cursor };
}

/** Only readings of the URL that lie within the prefix count. */
function relativeUrl(parsed: ParsedUrl | undefined, path: string): ParsedUrl | undefined {
  if (parsed === undefined) return undefined;
  const candidates = parsed.candidates
    .filter((key) => key.startsWith(path) && key.length > path.length)
    .map((key) => key.slice(path.length));
  const [key] = candidates;
  return key === undefined ? undefined : { ...parsed, key, candidates };
}

/** A scratch object of the inner provider would lie outside; so writing is tried here, and the rest there. */
async function checkWithin(inner: StorageProvider, path: string, options: CheckOptions): Promise<CheckReport> {
  const { signal, write = false } = options;
  const report = await inner.check({ signal });
  if (!write) return report;
  const findings: readonly CheckFinding[] = [...report.findings, ...(await checkWriting(inner, path, signal))];
  return { ok: findings.every(({ level }) => level !== "error"), findings };
}
