import type { ListEntry } from "@bucketferry/storage-core";
import { objectEntry } from "./object-info.ts";
import type { ObjectRecord } from "./object-record.ts";
import { positionAfterGroup, type ListPosition } from "./list-position.ts";

export interface Grouping {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  /** Most entries, groups included. */
  readonly limit: number;
  /** The last group that an earlier page reported. */
  readonly group: string | undefined;
  /** Whether the service has keys after these. */
  readonly hasNext: boolean;
}

/**
 * A page of the flat listing as entries, keys up to a delimiter as one.
 *
 * The service can group by itself, but loses keys when one of its pages ends on a key that is also the beginning of
 * others: so only its flat listing is asked for. Older servers take `_` and `%` of a prefix for wildcards, and its letters
 * for both cases; what does not begin with the prefix is passed over.
 */
export function groupEntries(
  records: readonly ObjectRecord[],
  { prefix, delimiter, limit, group, hasNext }: Grouping,
): { readonly entries: readonly ListEntry[]; readonly next: ListPosition | undefined } {
  const entries: ListEntry[] = [];
  let lastGroup = group;
  let position: ListPosition | undefined;
  for (const record of records) {
    if (!record.name.startsWith(prefix)) {
      position = { after: record.name };
      continue;
    }
    const own = groupOf(record.name, prefix, delimiter);
    if (own !== undefined && own === lastGroup) continue;
    if (entries.length === limit) return { entries, next: position };
    lastGroup = own;
    if (own === undefined) {
      entries.push(objectEntry(record));
      position = { after: record.name };
    } else {
      entries.push({ type: "prefix", prefix: own });
      position = positionAfterGroup(own);
    }
  }
  if (!hasNext) return { entries, next: undefined };
  const last = records.at(-1)?.name;
  if (lastGroup !== undefined && last !== undefined && last > positionAfterGroup(lastGroup).after) {
    return { entries, next: { after: last, group: lastGroup } };
  }
  return { entries, next: position ?? (lastGroup === undefined ? undefined : positionAfterGroup(lastGroup)) };
}

function groupOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.slice(0, at + delimiter.length);
}
