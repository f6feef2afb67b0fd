import type { HostTable } from "./host-table.ts";
import { css, entities, percent, script, type Spelling } from "./spellings.ts";

/** A place in a text where a URL may begin, as it stands there. */
export interface UrlPlace {
  readonly kind: "host" | "path";
  readonly start: number;
  /** Behind what it was recognised by. */
  readonly anchorEnd: number;
  /** What lies around its slashes, outermost first: `%2F` is percent-encoding, `\/` a string of a script. */
  readonly layers: readonly Spelling[];
}

/** Longest part of a host's name in front of what it was recognised by: RFC 1035 §2.3.4. */
const LONGEST_HOST = 255;
const HOST_CHARACTER = /[a-z0-9._-]/i;
const HOST_OR_PORT = /[a-z0-9._:[\]-]/i;
/** One slash at the end of a text, in any spelling, with the backslashes in front of it. */
const SLASH = /(?:\\{0,15}\/|\\{1,15}(?:u00|x)2f|%(?:25){0,4}2f|&(?:#0{0,4}47|#x0{0,4}2f|sol);)$/i;
const COLON = /(?:\\{0,15}:|\\{1,15}(?:u00|x)3a|%(?:25){0,4}3a|&(?:#0{0,4}58|#x0{0,4}3a|colon);)$/i;
/** More than any spelling of a slash or a colon. */
const LONGEST_MARK = 24;
/** A scheme at the end of a text, with all that would make another one of it. */
const SCHEME = /[a-z0-9+.-]{1,24}$/i;
const SCHEMES = new Set(["http", "https", "s3"]);
/** What may stand in front of a URL that begins with slashes. Anything else says that the slashes belong to what is before. */
const BOUNDARY = /(?:^|[\s"'`([{<>=,;|]|%(?:22|27|28|3c|3d))$/i;

/** Every place where a URL of ours may begin, from left to right, none twice. One pass, whatever is in the text. */
export function urlPlaces(text: string, hosts: HostTable): readonly UrlPlace[] {
  const places: UrlPlace[] = [];
  let from = 0;
  for (const { start, end, kind } of hosts.anchorsIn(text)) {
    const place = kind === "host" ? hostPlace(text, start, end, from) : pathPlace(text, start, end, from);
    if (place !== undefined) places.push(place);
    from = end;
  }
  return places;
}

function hostPlace(text: string, anchor: number, anchorEnd: number, from: number): UrlPlace | undefined {
  let host = anchor;
  const lowest = Math.max(from, anchor - LONGEST_HOST);
  while (host > lowest && HOST_CHARACTER.test(text[host - 1] ?? "")) host -= 1;
  // The anchor before was in the same name, and has been looked at.
  if (host === from && from > 0) return undefined;
  // The last letter of an escaped slash looks like the first of the host: `%2F`, `\u002F`, `\x2f`.
  for (let at = host; at <= Math.min(anchor, host + 6); at += 1) {
    const found = /[/f;]/i.test(text[at - 1] ?? "") ? schemeAndSlashes(text, at) : undefined;
    if (found !== undefined) return { kind: "host", anchorEnd, ...found };
  }
  return undefined;
}

/** As nearly every URL begins, behind what can be no part of a scheme. */
const PLAIN_SCHEME = /(?:^|[^a-z0-9+.-])(https?:\/\/)$/i;
const LONGEST_PLAIN = "?https://".length;

function schemeAndSlashes(text: string, host: number): Pick<UrlPlace, "start" | "layers"> | undefined {
  const plain = PLAIN_SCHEME.exec(text.slice(Math.max(0, host - LONGEST_PLAIN), host))?.[1];
  if (plain !== undefined) return { start: host - plain.length, layers: [] };
  const second = markBefore(text, host, SLASH);
  const first = second && markBefore(text, host - second.length, SLASH);
  if (first === undefined || second === undefined) return undefined;
  const slashes = host - second.length - first.length;
  const colon = markBefore(text, slashes, COLON);
  const layers = layersOf(second);
  if (colon === undefined) return isBoundary(text, slashes) ? { start: slashes, layers } : undefined;
  const colonAt = slashes - colon.length;
  const scheme = SCHEME.exec(text.slice(Math.max(0, colonAt - LONGEST_MARK), colonAt))?.[0].toLowerCase() ?? "";
  const known = SCHEMES.has(scheme) ? scheme : afterEscape(scheme, text, colonAt, layers);
  return known === undefined ? undefined : { start: colonAt - known.length, layers };
}

/** `%3Dhttps`, `\u0022https`, `\nhttps`: the end of an escape, or of a sentence, looks like the beginning of a scheme. */
function afterEscape(scheme: string, text: string, end: number, [outermost]: readonly Spelling[]): string | undefined {
  const known = /(?:https?|s3)$/.exec(scheme)?.[0];
  if (known === undefined) return undefined;
  const before = text.slice(Math.max(0, end - known.length - 6), end - known.length);
  // A blank, as forms write it.
  if (outermost === percent && before.endsWith("+")) return known;
  return /(?:[.]|%[0-9a-f]{2}|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\[bfnrtv])$/i.test(before) ? known : undefined;
}

/** The slash that a path begins with, where it is not written plainly. */
const ESCAPED_SLASH = /^(?:\\\/|%(?:25){0,4}2f)/i;

function pathPlace(text: string, start: number, anchorEnd: number, from: number): UrlPlace | undefined {
  if (isBoundary(text, start)) {
    const slash = ESCAPED_SLASH.exec(text.slice(start, start + LONGEST_MARK))?.[0];
    return { kind: "path", start, anchorEnd, layers: slash === undefined ? [] : layersOf(slash) };
  }
  // A host that is nobody's: the URL is like one of ours, and is to be reported.
  let host = start;
  const lowest = Math.max(from, start - LONGEST_HOST);
  while (host > lowest && HOST_OR_PORT.test(text[host - 1] ?? "")) host -= 1;
  if (host === start || (host === from && from > 0)) return undefined;
  for (let at = host; at < Math.min(start, host + 6); at += 1) {
    const found = schemeAndSlashes(text, at);
    if (found !== undefined) return { kind: "host", anchorEnd, ...found };
  }
  return undefined;
}

function isBoundary(text: string, at: number): boolean {
  return BOUNDARY.test(text.slice(Math.max(0, at - 3), at));
}

function markBefore(text: string, at: number, mark: RegExp): string | undefined {
  const window = text.slice(Math.max(0, at - LONGEST_MARK), at);
  return mark.exec(window)?.[0];
}

/** Each layer of JSON doubles the backslashes of the one within, and each round of percent-encoding adds a `25`. */
function layersOf(slash: string): Spelling[] {
  const backslashes = /^\\*/.exec(slash)?.[0].length ?? 0;
  if (slash.endsWith("/")) return repeated(script, Math.ceil(Math.log2(backslashes + 1)));
  if (slash.startsWith("%")) return repeated(percent, Math.floor(slash.length / 2));
  if (slash.startsWith("&")) return [entities];
  return repeated(script, Math.floor(Math.log2(backslashes)) + 1);
}

function repeated(layer: Spelling, times: number): Spelling[] {
  return Array.from({ length: times }, () => layer);
}

/** The same URL may stand in further layers that its slashes do not show: likeliest first. */
export function likelyLayers(piece: string, layers: readonly Spelling[]): readonly (readonly Spelling[])[] {
  const [outermost] = layers;
  if (outermost === percent || !/[&\\]/.test(piece)) return [layers];
  const hasEntities =
    outermost !== entities && piece.includes("&") && /&(?:[a-z]{2,6}|#[0-9]{1,7}|#x[0-9a-f]{1,6});/i.test(piece);
  const hasEscapes = layers.length === 0 && piece.includes("\\");
  return [
    ...(hasEntities ? [[entities, ...layers]] : []),
    layers,
    ...(hasEscapes ? [[script], [css]] : []),
    ...(hasEscapes && hasEntities ? [[entities, script]] : []),
  ];
}
