import type { PutBody } from "../contract/body.ts";
import type {
  CopyOptions,
  DeleteOptions,
  GetOptions,
  GetResult,
  HeadOptions,
  ObjectEntry,
  ObjectInfo,
  OperationOptions,
  PutOptions,
  PutResult,
  StorageProvider,
} from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";
import { listAll } from "../listing/list-all.ts";
import type { ListAllOptions } from "../listing/list-pages.ts";
import { deletePrefix, type DeletePrefixResult } from "./delete-prefix.ts";
import { hashObject, type HashOptions, type ObjectHash } from "./hash-object.ts";
import { moveObject, type MoveOptions } from "./move-object.ts";

export interface ReadWholeOptions extends GetOptions {
  /** Most bytes to take into memory; a larger object is a `TooLarge`, found out before its body is read. */
  readonly maxBytes?: number | undefined;
}

export interface SignedUrlOptions extends OperationOptions {
  readonly expiresInSeconds: number;
  /** File name that a browser saves the answer under. */
  readonly downloadAs?: string | undefined;
}

/** One bucket for the developer of an app: the daily operations, in the words of an app. */
export interface Storage {
  /** All the rest: conditions, multipart, listings by page, presigned uploads. */
  readonly provider: StorageProvider;

  /** Stores a body. A `Blob`'s own type is the content type, unless one is given. */
  upload(key: string, body: PutBody, options?: PutOptions): Promise<PutResult>;
  uploadJson(key: string, value: unknown, options?: PutOptions): Promise<PutResult>;

  /** Opens an object as a stream. Read it, or call its `cancel`. */
  download(key: string, options?: GetOptions): Promise<GetResult>;
  /** The whole object; 64 MiB at most, unless `maxBytes` says otherwise. */
  bytes(key: string, options?: ReadWholeOptions): Promise<Uint8Array>;
  text(key: string, options?: ReadWholeOptions): Promise<string>;
  json(key: string, options?: ReadWholeOptions): Promise<unknown>;

  info(key: string, options?: HeadOptions): Promise<ObjectInfo>;
  exists(key: string, options?: OperationOptions): Promise<boolean>;
  list(options?: ListAllOptions): AsyncIterable<ObjectEntry>;

  copy(from: string, to: string, options?: CopyOptions): Promise<PutResult>;
  /** Copy, compare, delete; see `moveObject` for what a failure in between leaves. */
  move(from: string, to: string, options?: MoveOptions): Promise<PutResult>;
  delete(key: string, options?: DeleteOptions): Promise<void>;
  deletePrefix(prefix: string, options?: OperationOptions): Promise<DeletePrefixResult>;

  /** SHA-256 of the bytes that are really there. */
  hash(key: string, options?: HashOptions): Promise<ObjectHash>;
  publicUrl(key: string): string;
  /** A URL that anyone may GET until it expires. */
  signedUrl(key: string, options: SignedUrlOptions): Promise<string>;
}

const MIB = 1024 ** 2;
const DEFAULT_MAX_BYTES = 64 * MIB;

/**
 * Conveniences over a provider (with its layers around it, where there are any).
 *
 * ```ts
 * const files = storage(withLayers(s3(options), [retry(), timeout()]));
 * await files.uploadJson("settings.json", { theme: "dark" });
 * ```
 */
export function storage(provider: StorageProvider): Storage {
  const open = async (
    key: string,
    { maxBytes = DEFAULT_MAX_BYTES, ...options }: ReadWholeOptions = {},
  ): Promise<GetResult> => {
    const opened = await provider.get(key, options);
    if (opened.range.length <= maxBytes) return opened;
    await opened.cancel();
    throw new StorageError(
      "TooLarge",
      `${provider.name}: get ${JSON.stringify(key)}: ${opened.range.length} bytes, more than the ${maxBytes} to take into memory. ` +
        "Use download and read it as a stream, or raise maxBytes",
      { provider: provider.name, operation: "get", key },
    );
  };

  return {
    provider,

    upload: async (key, body, options = {}) =>
      provider.put(key, body, { ...options, contentType: options.contentType ?? typeOf(body) }),
    uploadJson: async (key, value, options = {}) =>
      provider.put(key, jsonText(provider, key, value), { contentType: "application/json", ...options }),

    download: (key, options) => provider.get(key, options),
    bytes: async (key, options) => (await open(key, options)).bytes(),
    text: async (key, options) => (await open(key, options)).text(),
    json: async (key, options) => (await open(key, options)).json(),

    info: (key, options) => provider.head(key, options),
    exists: (key, options) => provider.exists(key, options),
    list: (options) => listAll(provider, options),

    copy: (from, to, options) => provider.copy(from, to, options),
    move: (from, to, options) => moveObject(provider, from, to, options),
    delete: (key, options) => provider.delete(key, options),
    deletePrefix: (prefix, options) => deletePrefix(provider, prefix, options),

    hash: (key, options) => hashObject(provider, key, options),
    publicUrl: (key) => provider.publicUrl(key),
    async signedUrl(key, { expiresInSeconds, downloadAs, signal }) {
      const responseContentDisposition = downloadAs === undefined ? undefined : attachment(downloadAs);
      const { url } = await provider.presign({
        method: "GET",
        key,
        expiresInSeconds,
        signal,
        responseContentDisposition,
      });
      return url;
    },
  };
}

function typeOf(body: PutBody): string | undefined {
  return body instanceof Blob && body.type !== "" ? body.type : undefined;
}

function jsonText(provider: StorageProvider, key: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text !== undefined) return text;
  throw new StorageError(
    "InvalidArgument",
    `${provider.name}: put ${JSON.stringify(key)}: the value has no JSON. Pass data`,
    {
      provider: provider.name,
      operation: "put",
      key,
    },
  );
}

/** RFC 6266 with RFC 8187: the name as it is for clients that know UTF-8, and a plain one for those that do not. */
function attachment(name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, "_");
  const exact = encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
