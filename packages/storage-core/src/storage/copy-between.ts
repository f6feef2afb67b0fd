import type { Capabilities } from "../contract/capabilities.ts";
import type {
  Checksum,
  GetResult,
  ObjectInfo,
  OperationOptions,
  PutOptions,
  PutResult,
  StorageProvider,
  SystemHeaders,
} from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";

export interface CopyBetweenOptions
  extends
    OperationOptions,
    Pick<PutOptions, "ifMatch" | "ifNoneMatch" | "partSizeBytes" | "concurrency" | "onProgress"> {
  /** Key at the target; left out: the same. */
  readonly to?: string | undefined;
}

export interface CopyBetweenResult {
  readonly source: ObjectInfo;
  readonly target: PutResult;
  /** What the target does not store: names of headers, or `metadata`. Empty: nothing was lost. */
  readonly notCarried: readonly string[];
}

/** Up to here a body is read whole before it is sent, in bytes: two requests, and a retry that costs nothing. */
const WHOLE_BYTES = 256 * 1024;

const HEADERS = [
  "contentType",
  "cacheControl",
  "contentDisposition",
  "contentEncoding",
  "contentLanguage",
] as const satisfies readonly (keyof SystemHeaders)[];

/**
 * Copies one object from one provider to another, headers and metadata included, with one GET and one PUT. The bytes stream
 * through; when the target's retry sends them again, the source is opened again, pinned to the version that was begun.
 */
export async function copyBetween(
  source: StorageProvider,
  target: StorageProvider,
  key: string,
  { to = key, signal, ...options }: CopyBetweenOptions = {},
): Promise<CopyBetweenResult> {
  const opened = await source.get(key, { signal });
  const { info } = opened;
  const carried = carriedDescription(info, target.capabilities);
  try {
    const body = info.size <= WHOLE_BYTES ? await opened.bytes() : reopening(source, key, opened, signal);
    const put = await target.put(to, body, {
      ...options,
      ...carried.description,
      signal,
      contentLength: info.size,
      checksum: sharedChecksum(info, target.capabilities),
    });
    return { source: info, target: put, notCarried: carried.lost };
  } catch (error) {
    await opened.cancel();
    throw error;
  }
}

/** What the target stores of an object's description, and the names of what it does not. */
function carriedDescription(info: ObjectInfo, { systemHeaders, metadata }: Capabilities) {
  const lost: string[] = [];
  const description: { -readonly [Name in keyof SystemHeaders]: string } & { metadata?: ObjectInfo["metadata"] } = {};
  for (const name of HEADERS) {
    const value = info[name];
    // An empty header is what services say that store none.
    if (value === undefined || value === "") continue;
    if (systemHeaders[name]) description[name] = value;
    else lost.push(name);
  }
  if (Object.keys(info.metadata).length === 0) return { description, lost };
  // Too much metadata is refused by the target's put; only "none at all" is a thing to know beforehand.
  if (metadata.maxBytes > 0) description.metadata = info.metadata;
  else lost.push("metadata");
  return { description, lost };
}

/** A checksum of the whole that the source knows and the target verifies. */
function sharedChecksum({ checksums = {} }: ObjectInfo, { checksums: { onPut } }: Capabilities): Checksum | undefined {
  if (checksums.type === "composite") return undefined;
  for (const algorithm of onPut) {
    const value = checksums[algorithm];
    if (value !== undefined) return { algorithm, value };
  }
  return undefined;
}

/** The open object first, and the same version anew each time it is asked for again. */
function reopening(source: StorageProvider, key: string, first: GetResult, signal: AbortSignal | undefined) {
  const { etag } = first.info;
  const canPin = source.capabilities.conditionalGet.ifMatch && !etag.startsWith("W/");
  let unread: GetResult | undefined = first;
  return async (): Promise<GetResult> => {
    const opened = unread ?? (await source.get(key, { signal, ...(canPin && { ifMatch: etag }) }));
    unread = undefined;
    if (opened.info.etag === etag && opened.info.size === first.info.size) return opened;
    await opened.cancel();
    throw new StorageError(
      "PreconditionFailed",
      `${source.name}: get ${JSON.stringify(key)}: the object changed while it was copied`,
      {
        provider: source.name,
        operation: "get",
        key,
      },
    );
  };
}
