import type { ReadConditionOptions } from "../contract/provider.ts";
import { StorageError } from "../errors/storage-error.ts";

interface Identity {
  readonly etag: string;
  readonly lastModified: Date;
}

/** RFC 9110 §13.2.2: ETags before dates, and a date counts only where its ETag twin is absent. */
export function demandReadConditions(object: Identity, options: ReadConditionOptions): void {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = options;
  const { etag, lastModified } = object;
  if (ifMatch === undefined) {
    if (ifUnmodifiedSince !== undefined && lastModified > ifUnmodifiedSince) {
      throw failed("the object was modified since");
    }
  } else if (ifMatch !== etag) {
    throw failed("the object has another ETag");
  }
  const unmodified =
    ifNoneMatch === undefined ? ifModifiedSince !== undefined && lastModified <= ifModifiedSince : ifNoneMatch === etag;
  if (unmodified) throw new StorageError("NotModified", "the object is not modified", { status: 304 });
}

/** What is there (or is not) when somebody is about to write. */
export function demandWriteConditions(
  present: Identity | undefined,
  options: { readonly ifMatch?: string | undefined; readonly ifNoneMatch?: "*" | undefined },
): void {
  if (options.ifNoneMatch !== undefined && present !== undefined) {
    throw new StorageError("AlreadyExists", "an object with this key exists", { status: 412 });
  }
  if (options.ifMatch !== undefined && options.ifMatch !== present?.etag) {
    throw failed(present === undefined ? "there is no object to replace" : "the object has another ETag");
  }
}

function failed(message: string): StorageError {
  return new StorageError("PreconditionFailed", message, { status: 412 });
}
