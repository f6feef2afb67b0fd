import type { ParsedUrl } from "@bucketferry/storage-core/provider";
import type { ReferenceRoute } from "../contract.ts";
import type { Edit } from "./edits.ts";
import type { HostTable, RouteSide } from "./host-table.ts";
import { lookalike } from "./lookalike.ts";
import type { Occurrence, QueryRule, Reading } from "./occurrence.ts";
import { droppedParts } from "./query.ts";
import { peel, percent, type Peeled, type Spelling } from "./spellings.ts";
import { LONGEST_QUOTED, urlEnds } from "./url-ends.ts";
import { likelyLayers, type UrlPlace } from "./url-places.ts";

/** Where a piece of text stands in the cell: offsets, path, and how something is written there. */
export interface Place {
  readonly path: string | undefined;
  readonly depth: number;
  /** Offset in the cell of an offset in this piece. */
  offset(at: number): number;
  /** A replacement for what this piece has between two offsets, as it stands in the cell. */
  write(value: string, start: number, end: number): string;
}

/** Longer texts are no URL that a service has issued: a key has 1,024 bytes at most, a signed query some thousand. */
const LONGEST_URL = 8192;
/** A key may hold question marks and number signs that nobody escaped; more than so many are not tried. */
const MOST_MARKS = 5;
/** All that `encodeURIComponent` and form encoders leave as it is, and escapes. */
const ENCODED_VALUE = /[^A-Za-z0-9\-_.!~*'()%+]/;
/** Ends a URL that is not within quotes or angle brackets, whatever spelling it has. */
const CERTAIN_END = /[\s"<>`{|}]/;
/** Means the same in every kind of text. */
const HARMLESS = /^[A-Za-z0-9\-._~:/?#@$+=%]*$/;

export interface ReadOptions {
  readonly routes: readonly ReferenceRoute[];
  readonly hosts: HostTable;
}

/** What a place says about objects of the routes; undefined when it says nothing. `limit`: where the next place begins. */
export function readPlace(
  text: string,
  found: UrlPlace,
  limit: number,
  options: ReadOptions,
  place: Place,
): Occurrence | undefined {
  const window = windowOf(text, found, limit);
  const before = characterBefore(text, found.start);
  const readings: Reading[] = [];
  let likeliest: Omit<Attempt, "sides"> | undefined;
  let rank = 0;
  for (const layers of likelyLayers(window.core, found.layers)) {
    const peeled = peel(window.raw, layers);
    const from = behindHost(peeled.value, found.kind);
    if (from === undefined) continue;
    const { ends, bounded } = urlEnds(peeled.value, { before, from, isWhole: window.reachesEnd });
    const sides = found.kind === "path" ? hostlessSides(options.routes) : sidesIn(peeled.value, from, options.hosts);
    for (const end of ends) {
      const site = {
        start: found.start,
        peeled,
        end,
        layers,
        whole: isWhole(text, found.start, window, peeled, end),
        place,
      };
      likeliest ??= { site, bounded };
      for (const side of sides) readings.push(...readingsFor(side, found.kind, rank, site));
      rank += 1;
    }
  }
  if (likeliest === undefined) return undefined;
  const common = {
    start: place.offset(found.start),
    path: place.path,
    bounded: likeliest.bounded,
    ...(window.tooLong && { unreadable: "too-long" as const }),
  };
  if (readings.length > 0) return { ...common, readings: distinct(readings) };
  return found.kind === "path" ? undefined : foreignOccurrence(common, options.routes, likeliest.site);
}

interface Attempt {
  readonly site: Site;
  readonly bounded: boolean;
}

interface Window {
  /** What is looked at. */
  readonly raw: string;
  /** Its beginning, as far as no white space and no quote stands in it. */
  readonly core: string;
  /** It ends where the text ends. */
  readonly reachesEnd: boolean;
  /** What looks like one URL goes on behind it. */
  readonly tooLong: boolean;
}

function windowOf(text: string, { start, layers }: UrlPlace, limit: number): Window {
  const most = text.slice(start, Math.min(limit, start + LONGEST_URL));
  const stop = most.search(layers[0] === percent ? ENCODED_VALUE : CERTAIN_END);
  const core = stop === -1 ? most : most.slice(0, stop);
  const tooLong = stop === -1 && start + most.length < limit;
  if (layers[0] === percent) return { raw: core, core, reachesEnd: true, tooLong };
  const raw = most.slice(0, core.length + LONGEST_QUOTED);
  return { raw, core, reachesEnd: start + raw.length === text.length, tooLong };
}

const ORIGIN = /(?:[a-z][a-z0-9]{1,4}:)?\/\/[^\s/?#\\"'<>()]{1,300}/iy;

/** Offset behind the host, where the path begins. */
function behindHost(url: string, kind: UrlPlace["kind"]): number | undefined {
  if (kind === "path") return 1;
  ORIGIN.lastIndex = 0;
  return ORIGIN.test(url) ? ORIGIN.lastIndex : undefined;
}

const BEFORE: readonly (readonly [RegExp, string])[] = [
  [/(?:"|&(?:quot|#0*34|#x0*22);|%22|\\u0022|\\x22)$/i, '"'],
  [/(?:'|&(?:apos|#0*39|#x0*27);|%27|\\u0027|\\x27)$/i, "'"],
  [/(?:<|&(?:lt|#0*60|#x0*3c);|%3c|\\u003c|\\x3c)$/i, "<"],
];

/** Ends a spelling of one of them. */
const MAY_BE_QUOTE = /["'<;27c]$/i;

/** The character in front of a URL, read from whatever spelling it has. */
function characterBefore(text: string, start: number): string {
  const before = text.slice(Math.max(0, start - 8), start);
  if (start <= 8 && before.trim() === "") return "";
  if (!MAY_BE_QUOTE.test(before)) return before.at(-1) ?? "";
  return BEFORE.find(([pattern]) => pattern.test(before))?.[1] ?? before.at(-1) ?? "";
}

/** Whether the URL is all there is in this piece of text, white space apart. */
function isWhole(text: string, start: number, { reachesEnd }: Window, peeled: Peeled, end: number): boolean {
  return reachesEnd && start <= 8 && text.slice(0, start).trim() === "" && peeled.value.slice(end).trim() === "";
}

interface Site {
  readonly start: number;
  readonly peeled: Peeled;
  readonly end: number;
  readonly layers: readonly Spelling[];
  readonly whole: boolean;
  readonly place: Place;
}

function readingsFor({ route, side, parse }: RouteSide, kind: UrlPlace["kind"], rank: number, site: Site): Reading[] {
  const piece = site.peeled.value.slice(0, site.end);
  const parsed = parse(piece);
  if (parsed === undefined) return [];
  const ends = keyEnds(piece, parsed, parse);
  return parsed.candidates.map((key) =>
    readingAt(site, piece, ends.get(key) ?? piece.length, {
      route: route.name,
      side,
      key,
      kind: kind === "path" ? "path" : parsed.kind,
      form: parsed.kind,
      rank,
    }),
  );
}

/** What stands between the slashes and the path says whose it can be. */
function sidesIn(url: string, from: number, hosts: HostTable): readonly RouteSide[] {
  return hosts.sidesAt(url.slice(url.indexOf("//") + 2, from));
}

/** Paths are read as if they stood behind the first host of the source. */
function hostlessSides(routes: readonly ReferenceRoute[]): readonly RouteSide[] {
  return routes.flatMap((route): RouteSide[] => {
    const host = route.source.urlHosts.find((one) => !one.startsWith("*."));
    if (host === undefined) return [];
    return [{ route, side: "source", parse: (path) => route.source.parseUrl(`https://${host}${path}`) }];
  });
}

function foreignOccurrence(
  common: Omit<Occurrence, "readings" | "foreign">,
  routes: readonly ReferenceRoute[],
  site: Site,
): Occurrence | undefined {
  const piece = site.peeled.value.slice(0, site.end);
  for (const route of routes) {
    const like = lookalike(piece, route);
    if (like === undefined) continue;
    const { key, kind } = like.parsed;
    const facts = { route: route.name, side: "foreign", key, kind, form: kind, rank: 0 } as const;
    return { ...common, foreign: like.foreign, readings: [readingAt(site, piece, piece.length, facts)] };
  }
  return undefined;
}

const NO_ENDS: ReadonlyMap<string, number> = new Map();

/**
 * Where in the text of the URL each candidate ends: the shortest text, cut before a `?` or a `#`, that can still mean it.
 * What follows is a query and a fragment, and stays to the letter unless a policy drops it.
 */
function keyEnds(
  piece: string,
  { candidates }: ParsedUrl,
  parse: (text: string) => ParsedUrl | undefined,
): ReadonlyMap<string, number> {
  if (!/[?#]/.test(piece)) return NO_ENDS;
  const ends = new Map<string, number>();
  const marks = [...piece.slice(0, LONGEST_URL).matchAll(/[?#]/g)].slice(0, MOST_MARKS).map(({ index }) => index);
  for (const mark of marks) {
    if (candidates.every((key) => ends.has(key))) return ends;
    const meant = new Set(parse(piece.slice(0, mark))?.candidates);
    for (const key of candidates) if (!ends.has(key) && meant.has(key)) ends.set(key, mark);
  }
  const [firstMark] = marks;
  // The key of a token need not stand in the path at all.
  if (firstMark !== undefined && !ends.has(candidates[0] ?? "") && !(candidates[0] ?? "").includes("?")) {
    ends.set(candidates[0] ?? "", firstMark);
  }
  return ends;
}

type ReadingFacts = Pick<Reading, "route" | "side" | "key" | "kind" | "form" | "rank">;

function readingAt(
  { start, peeled, end, layers, whole, place }: Site,
  piece: string,
  keyEnd: number,
  facts: ReadingFacts,
): Reading {
  const cellOffset = (at: number): number => place.offset(start + peeled.offset(at));
  return {
    ...facts,
    end: cellOffset(end),
    keyEnd: cellOffset(keyEnd),
    edits(replacement, rule) {
      // What may stand here is known for a text by itself, and where escapes are seen; elsewhere the plainest only.
      if (!whole && layers.length === 0 && !HARMLESS.test(replacement)) return undefined;
      const tail = piece.slice(keyEnd);
      const edit = (from: number, to: number, text: string): Edit => ({
        start: cellOffset(from),
        end: cellOffset(to),
        text,
      });
      const written = place.write(peeled.write(replacement, keyEnd), start, start + peeled.offset(keyEnd));
      return [
        edit(0, keyEnd, written),
        ...partsToDrop(tail, rule).map((part) => edit(keyEnd + part.start, keyEnd + part.end, "")),
      ];
    },
  };
}

function partsToDrop(tail: string, rule: QueryRule): readonly { readonly start: number; readonly end: number }[] {
  if (rule === "drop-all-and-fragment") return tail === "" ? [] : [{ start: 0, end: tail.length }];
  return droppedParts(tail, rule === "drop-all");
}

/** Readings that name one object and end their key at one place differ in nothing; the likeliest stands for all. */
function distinct(readings: readonly Reading[]): readonly Reading[] {
  if (readings.length === 1) return readings;
  const seen = new Map<string, Reading>();
  for (const one of readings) {
    const id = `${one.route}\n${one.side}\n${one.keyEnd}\n${one.key}`;
    if (!seen.has(id)) seen.set(id, one);
  }
  return [...seen.values()];
}
