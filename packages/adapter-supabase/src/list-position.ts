import { StorageError } from "@bucketferry/storage-core/provider";

/** Where a listing goes on: after a key, or after all keys of a group that was reported as one prefix. */
export interface ListPosition {
  readonly after: string;
  /** The last group that was reported; keys of it that still come are part of it. */
  readonly group?: string | undefined;
}

/** Cursors of this package, so that a stranger's is told from ours. */
const MARK = "sb1.";

export function encodePosition({ after, group }: ListPosition): string {
  return MARK + Buffer.from(JSON.stringify(group === undefined ? [after] : [after, group])).toString("base64url");
}

/** @throws InvalidArgument for anything that `encodePosition` did not make */
export function decodePosition(cursor: string): ListPosition {
  const position = cursor.startsWith(MARK) ? positionIn(cursor.slice(MARK.length)) : undefined;
  if (position === undefined) {
    throw new StorageError(
      "InvalidArgument",
      "the cursor is not one of this provider's. Pass the cursor of the page before, unchanged",
    );
  }
  return position;
}

function positionIn(text: string): ListPosition | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (!Array.isArray(value) || value.length < 1 || value.length > 2) return undefined;
    const [after, group]: unknown[] = value;
    if (typeof after !== "string" || (group !== undefined && typeof group !== "string")) return undefined;
    return { after, group };
  } catch {
    return undefined;
  }
}

/**
 * Just behind every key that starts with `group`: `~` sorts after all characters that the service takes in a key.
 * Keys from before that rule can hold others; they come once more, and are known by their group.
 */
export function positionAfterGroup(group: string): ListPosition {
  return { after: `${group}~`, group };
}

/**
 * The service's own cursor for "after this key": base64 of a line `l:<key>`. No key holds a control character, so
 * whatever follows one changes nothing, and a line break cannot smuggle in another line.
 */
export function serviceCursor(after: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  const text = after.replace(/[\u0000-\u001f].*$/s, "");
  return text === "" ? undefined : Buffer.from(`l:${text}`, "utf8").toString("base64");
}
