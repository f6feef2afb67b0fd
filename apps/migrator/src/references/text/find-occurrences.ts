import type { ParsedUrl } from "@bucketferry/storage-core/provider";
import type { ReferenceRoute } from "../contract.ts";
import type { HostTable } from "./host-table.ts";
import { decodedFromHtml, encodedForHtml } from "./html-entities.ts";
import { decodeJsonString, encodeJsonString, jsonStrings } from "./json-strings.ts";
import type { Occurrence, Reading } from "./occurrence.ts";
import { appQuery } from "./query.ts";
import { urlSpans } from "./url-spans.ts";

export interface FindOptions {
  readonly routes: readonly ReferenceRoute[];
  readonly hosts: HostTable;
  /** The column says that its text is JSON. Other text is tried as JSON when it looks like it. */
  readonly isJson: boolean;
}

/** JSON in a string in JSON … deeper than this is read as plain text. */
const DEEPEST_JSON = 6;
/** Longer texts are not tried as JSON on suspicion: parsing them would cost more memory than they are worth. */
const LONGEST_SUSPECTED_JSON = 16 * 2 ** 20;

/** Where a piece of text stands in the cell: offsets, path, and how something is written there. */
interface Place {
  readonly path: string | undefined;
  readonly depth: number;
  /** Offset in the cell of an offset in this piece. */
  offset(at: number): number;
  /** A replacement for `replaced` (both of this piece) as it stands in the cell. */
  write(value: string, replaced: string): string;
}

/** Every place of a cell's text that names an object of one of the routes, from left to right. Pure. */
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
  const declared = options.isJson && place.depth === 0;
  if (place.depth < DEEPEST_JSON && (declared || looksLikeJson(text))) yield* withinJson(text, options, place);
  else yield* withinPlain(text, options, place);
}

function looksLikeJson(text: string): boolean {
  if (text.length > LONGEST_SUSPECTED_JSON || !/^\s*[[{"]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function* withinJson(text: string, options: FindOptions, place: Place): Generator<Occurrence> {
  for (const literal of jsonStrings(text)) {
    const content = text.slice(literal.start, literal.end);
    const decoded = decodeJsonString(content);
    yield* within(decoded.value, options, {
      path: place.path === undefined ? literal.path : `${place.path}${literal.path}`,
      depth: place.depth + 1,
      offset: (at) => place.offset(literal.start + decoded.offset(at)),
      write(value, replaced) {
        const from = decoded.value.indexOf(replaced);
        const raw = content.slice(decoded.offset(from), decoded.offset(from + replaced.length));
        return place.write(encodeJsonString(value, raw), raw);
      },
    });
  }
}

function* withinPlain(text: string, { routes, hosts }: FindOptions, place: Place): Generator<Occurrence> {
  const whole = wholeText(text, routes, place);
  if (whole !== undefined) {
    yield whole;
    return;
  }
  for (const span of urlSpans(text, (host) => hosts.isOurs(host))) {
    const readings = span.ends.flatMap((end, rank) => {
      const piece = text.slice(span.start, end);
      return readingsOf(piece, routes).map((reading) => ({
        ...reading,
        rank,
        end: place.offset(end),
        // Parentheses, quotes and stars would be read as the text's own; escaped they are the same URL (RFC 3986 §2.3).
        write: (url: string) => place.write(reading.write(withoutDelimiters(url)), piece),
      }));
    });
    if (readings.length > 0) {
      yield { start: place.offset(span.start), path: place.path, readings, bounded: span.bounded };
    }
  }
}

/** A column of URLs holds nothing but a URL, and then also one with blanks in it. */
function wholeText(text: string, routes: readonly ReferenceRoute[], place: Place): Occurrence | undefined {
  const url = text.trim();
  if (url.length > 8192 || !/^(?:[a-z][a-z0-9+.-]{0,10}:)?\/\/[^\n\r\t"<>]+$/i.test(url) || /\/\/.*:\/\//.test(url))
    return undefined;
  // Two words that are both something are a sentence with a URL in it, and not a URL with a blank.
  if (/\s/.test(url) && !/\.[A-Za-z0-9]{1,8}(?:[?#]\S*)?$/.test(url)) return undefined;
  const start = text.indexOf(url);
  const readings = readingsOf(url, routes).map((reading) => ({
    ...reading,
    rank: 0,
    end: place.offset(start + url.length),
    write: (next: string) => place.write(reading.write(next), url),
  }));
  if (readings.length === 0) return undefined;
  return { start: place.offset(start), path: place.path, readings, bounded: true };
}

type PieceReading = Omit<Reading, "end">;

function readingsOf(piece: string, routes: readonly ReferenceRoute[]): PieceReading[] {
  const html = decodedFromHtml(piece);
  return routes.flatMap((route) => [
    ...readingsFor(piece, route, (url) => url),
    ...(html === undefined ? [] : readingsFor(html, route, encodedForHtml)),
  ]);
}

function readingsFor(piece: string, route: ReferenceRoute, write: (url: string) => string): PieceReading[] {
  const source = route.source.parseUrl(piece);
  const side = source === undefined ? "target" : "source";
  const parsed = source ?? route.target.parseUrl(piece);
  if (parsed === undefined) return [];
  return parsed.candidates.map((key) => ({
    route: route.name,
    side,
    key,
    kind: parsed.kind,
    ...rest(parsed, key),
    write,
  }));
}

/** When the key itself holds the `?` or `#`, what follows it is no query. */
function rest(parsed: ParsedUrl, key: string): { readonly query: string; readonly fragment: string } {
  if (key === parsed.key) return { query: appQuery(parsed.query), fragment: parsed.fragment };
  if (key.includes("#")) return { query: "", fragment: "" };
  if (key.includes("?") && !parsed.key.includes("?")) return { query: "", fragment: parsed.fragment };
  return { query: appQuery(parsed.query), fragment: parsed.fragment };
}

function withoutDelimiters(url: string): string {
  return url.replaceAll(/['()*!]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
