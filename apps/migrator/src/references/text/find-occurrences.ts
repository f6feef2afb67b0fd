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
}

/** JSON in a string in JSON … deeper than this is not changed, but said. */
export const DEEPEST_JSON = 6;
/** Longer texts are not tried as JSON on suspicion: parsing them would cost more memory than they are worth. */
const LONGEST_SUSPECTED_JSON = 16 * 2 ** 20;

/**
 * Every place of a cell's text that names an object of one of the routes, or looks like it; one may lie in the query of
 * another. Pure, and linear in the text: nothing that somebody puts into a cell makes it take longer than its length allows.
 */
export function* findOccurrences(text: string, options: FindOptions): Generator<Occurrence> {
  yield* within(text, options, {
    path: undefined,
    depth: 0,
    offset: (at) => at,
    write: (value) => value,
  });
}

function* within(text: string, options: FindOptions, place: Place): Generator<Occurrence> {
  if (!options.hosts.mayBeIn(text)) return;
  if (!isJson(text, options.isJson && place.depth === 0)) yield* withinPlain(text, options, place);
  else if (place.depth < DEEPEST_JSON) yield* withinJson(text, options, place);
  else for (const one of withinPlain(text, options, place)) yield { ...one, unreadable: "too-deep" };
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

function* withinJson(text: string, options: FindOptions, place: Place): Generator<Occurrence> {
  for (const { start, end, path } of jsonStrings(text)) {
    const content = text.slice(start, end);
    if (!options.hosts.mayBeIn(content)) continue;
    const decoded = script.decode(content);
    yield* within(decoded.value, options, {
      path: place.path === undefined ? path() : `${place.path}${path()}`,
      depth: place.depth + 1,
      offset: (at) => place.offset(start + decoded.offset(at)),
      write(value, from, to) {
        const [rawFrom, rawTo] = [decoded.offset(from), decoded.offset(to)];
        const written = script.encode(value, content.slice(rawFrom, rawTo));
        return place.write(written, start + rawFrom, start + rawTo);
      },
    });
  }
}

function* withinPlain(text: string, options: FindOptions, place: Place): Generator<Occurrence> {
  /** The last URL that was found, and the last that is a parameter of another one, and so may lie within the first. */
  let outer: UrlPlace | undefined;
  let inner: UrlPlace | undefined;
  const read = (found: UrlPlace | undefined, limit: number): readonly Occurrence[] => {
    const occurrence = found && readPlace(text, found, limit, options, place);
    return occurrence === undefined ? [] : [occurrence];
  };
  for (const found of urlPlaces(text, options.hosts)) {
    // No URL goes on where the next of its kind begins, so no part of a text is looked at more than twice.
    yield* read(inner, found.start);
    inner = undefined;
    if (found.layers[0] === percent) inner = found;
    else {
      yield* read(outer, found.start);
      outer = found;
    }
  }
  yield* read(inner, text.length);
  yield* read(outer, text.length);
}
