import { hash } from "node:crypto";
import { StorageError, type ListOptions } from "@bucketferry/storage-core";

/**
 * The service's continuation token in a wrapping of ours. Some services take any text for a token (Ceph's is a key), and
 * would answer to a wrong one with a wrong page; so a cursor says which listing it belongs to.
 */
type Listing = Pick<ListOptions, "prefix" | "delimiter" | "startAfter">;

export interface Position {
  readonly token: string;
  /** Last key of the page before; empty where nobody needs it. */
  readonly lastKey: string;
}

const VERSION = 2;

export function wrapCursor({ token, lastKey }: Position, listing: Listing): string {
  return Buffer.from(JSON.stringify([VERSION, fingerprint(listing), token, lastKey])).toString("base64url");
}

/** @throws InvalidArgument for a cursor of another listing, of another provider, or of nobody */
export function unwrapCursor(cursor: string, listing: Listing): Position {
  const content = parsed(cursor);
  const [version, , token, lastKey] = Array.isArray(content) && content.length === 4 ? (content as unknown[]) : [];
  if (version !== VERSION || typeof token !== "string" || typeof lastKey !== "string") {
    throw new StorageError(
      "InvalidArgument",
      "the cursor is not one of this provider. Pass one of a page before, or none",
    );
  }
  if ((content as unknown[])[1] !== fingerprint(listing)) {
    throw new StorageError(
      "InvalidArgument",
      "the cursor belongs to a listing with another prefix, delimiter or startAfter. Pass the same ones as for the page before",
    );
  }
  return { token, lastKey };
}

function parsed(cursor: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(cursor)) return undefined;
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

function fingerprint({ prefix = "", delimiter = "", startAfter = "" }: Listing): string {
  return hash("sha256", JSON.stringify([prefix, delimiter, startAfter]), "base64url").slice(0, 12);
}
