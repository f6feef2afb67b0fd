import type { ReferenceRoute } from "../contract.ts";
import type { HostTable } from "./host-table.ts";
import { jsonStrings } from "./json-strings.ts";
import type { Occurrence } from "./occurrence.ts";
import { readPlace, type Place } from "./read-place.ts";
import { percent, script } from "./spellings.ts";
import { urlPlaces, type UrlPlace } from "./url-places.ts";

export interface FindOptions {
  readonly routes: readonly ReferenceRoute[];
  readonly hosts: HostTable;
  /** The column says that its text is JSON. Other text is tried as JSON when it looks like it. */
  readonly isJson: boolean;
  /** Where in the cell the text stands; undefined: it is the whole cell. */
  readonly path?: string | undefined;
}

/** JSON in a string in JSON … deeper than this is not changed, but said. */
export const DEEPEST_JSON = 6;
/** Longer texts are not tried as JSON on suspicion: parsing them would cost more memory than they are worth. */
const LONGEST_SUSPECTED_JSON = 16 * 2 ** 20;

/**
 * Every place of a cell's text that names an object of one of the routes, or looks like it; one may lie in the query of
 * another. Pure, and linear in the text: nothing that somebody puts into a cell makes it take longer than its length allows.
 */
export function findOccurrences(text: string, options: FindOptions): readonly Occurrence[] {
  // Millions of cells hold nothing.
  if (!options.hosts.mayBeIn(text)) return NOTHING;
  const found: Occurrence[] = [];
  within(text, options, { ...AS_IT_STANDS, path: options.path }, found);
  return found;
}

const NOTHING: readonly Occurrence[] = [];
const AS_IT_STANDS: Omit<Place, "path"> = { depth: 0, offset: (at) => at, write: (value) => value };

/** Adds what it finds to `found`. */
function within(text: string, options: FindOptions, place: Place, found: Occurrence[]): void {
  if (!isJson(text, options.isJson && place.depth === 0)) withinPlain(text, options, place, found);
  else if (place.depth < DEEPEST_JSON) withinJson(text, options, place, found);
  else {
    const unread: Occurrence[] = [];
    withinPlain(text, options, place, unread);
    for (const one of unread) found.push({ ...one, unreadable: "too-deep" });
  }
}

/** SQLite lets any text into a column that is called JSON, so it is looked at in either case. */
function isJson(text: string, isDeclared: boolean): boolean {
  if (!isDeclared && text.length > LONGEST_SUSPECTED_JSON) return false;
  if (!/^\s*[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withinJson(text: string, options: FindOptions, place: Place, found: Occurrence[]): void {
  for (const { start, end, path } of jsonStrings(text)) {
    const content = text.slice(start, end);
    if (!options.hosts.mayBeIn(content)) continue;
    const decoded = script.decode(content);
    if (!options.hosts.mayBeIn(decoded.value)) continue;
    const inside: Place = {
      path: place.path === undefined ? path() : `${place.path}${path()}`,
      depth: place.depth + 1,
      offset: (at) => place.offset(start + decoded.offset(at)),
      write(value, from, to) {
        const [rawFrom, rawTo] = [decoded.offset(from), decoded.offset(to)];
        const written = script.encode(value, content.slice(rawFrom, rawTo));
        return place.write(written, start + rawFrom, start + rawTo);
      },
    };
    within(decoded.value, options, inside, found);
  }
}

function withinPlain(text: string, options: FindOptions, place: Place, found: Occurrence[]): void {
  /** The last URL that was found, and the last that is a parameter of another one, and so may lie within the first. */
  let outer: UrlPlace | undefined;
  let inner: UrlPlace | undefined;
  const read = (one: UrlPlace | undefined, limit: number): void => {
    const occurrence = one && readPlace(text, one, limit, options, place);
    if (occurrence !== undefined) found.push(occurrence);
  };
  for (const one of urlPlaces(text, options.hosts)) {
    // No URL goes on where the next of its kind begins, so no part of a text is looked at more than twice.
    read(inner, one.start);
    inner = undefined;
    if (one.layers[0] === percent) inner = one;
    else {
      read(outer, one.start);
      outer = one;
    }
  }
  read(inner, text.length);
  read(outer, text.length);
}
