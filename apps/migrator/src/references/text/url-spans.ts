/** A place in a text where a URL of ours begins, and where it may end. */
export interface UrlSpan {
  readonly start: number;
  /** Possible ends, likeliest first; at least one. */
  readonly ends: readonly number[];
  /**
   * Something around it (quotes, parentheses, the ends of the text) says where it ends. The other ends are for keys that
   * hold that very character and were not escaped, and count only when nothing is known of the first.
   */
  readonly bounded: boolean;
}

/** Characters that no URL holds (RFC 3986 §2), and that end one in every kind of text. */
const NEVER_IN_URL = /[\s"<>\\^`{|}\u0000-\u001f\u007f]/;
/** May be part of a URL, and may be the sentence around it. */
const MAY_END_URL = new Set(["'", ")", "]", ",", ";", "*", "_", "~", "!", "&"]);
/** Trailing punctuation that is the sentence's, as GitHub Flavored Markdown has it for its autolinks (§6.9). */
const TRAILING = new Set(["?", "!", ".", ",", ":", "*", "_", "~", "'", ";", "]"]);
const LONGEST_URL = 8192;
/** Of the ends that are tried for one URL: each costs a parse and a look into the ledger. */
const MOST_ENDS = 16;

/**
 * Finds URLs by their `//`, whose host `isOurs` knows; so text without one costs one search for two slashes.
 * Knows no grammar of the text: what stands directly around a URL tells how it ends.
 */
export function* urlSpans(text: string, isOurs: (host: string) => boolean): Generator<UrlSpan> {
  for (let slashes = text.indexOf("//"); slashes !== -1; slashes = text.indexOf("//", slashes + 2)) {
    const host = /^[^/?#\s"'<>\\()[\]{}|,;]+/.exec(text.slice(slashes + 2, slashes + 2 + 300))?.[0];
    if (host === undefined || !isOurs(host.toLowerCase())) continue;
    const start =
      slashes - (/(?:[a-z][a-z0-9+.-]{0,10}:)$/i.exec(text.slice(Math.max(0, slashes - 12), slashes))?.[0].length ?? 0);
    const afterHost = slashes + 2 + host.length;
    const span = { start, ...endsOf(text, start, afterHost) };
    yield span;
    slashes = Math.max(slashes, (span.ends[0] ?? afterHost) - 2);
  }
}

function endsOf(text: string, start: number, from: number): { ends: readonly number[]; bounded: boolean } {
  const hard = hardEnd(text, from);
  const before = text[start - 1];
  const after = text[hard];
  if (start === 0 && hard === text.length) return { ends: [hard], bounded: true };
  if ((before === '"' && after === '"') || (before === "<" && after === ">") || (before === "`" && after === "`")) {
    return { ends: [hard], bounded: true };
  }
  if (before === "'") {
    const quote = text.indexOf("'", from);
    if (quote !== -1 && quote <= hard) return { ends: [quote, ...othersOf("'", text, quote, hard)], bounded: true };
  }
  if (before === "(") {
    const closing = closingParenthesis(text, from, hard);
    if (closing !== undefined) return { ends: [closing, ...othersOf(")", text, from, hard)], bounded: true };
  }
  const trimmed = withoutTrailing(text, start, hard);
  return { ends: [...new Set([trimmed, hard, ...endsBefore(MAY_END_URL, text, from, hard)])], bounded: false };
}

function othersOf(closer: string, text: string, from: number, hard: number): number[] {
  return endsBefore(new Set([closer]), text, from, hard);
}

/** Ends before one of these characters, the longest text first. */
function endsBefore(closers: ReadonlySet<string>, text: string, from: number, hard: number): number[] {
  const ends: number[] = [];
  for (let at = hard - 1; at > from && ends.length < MOST_ENDS; at -= 1) {
    if (closers.has(text[at] ?? "")) ends.push(at);
  }
  return ends;
}

function hardEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + LONGEST_URL);
  for (let at = from; at < limit; at += 1) {
    if (NEVER_IN_URL.test(text[at] ?? "")) return beforeNextUrl(text, from, at);
  }
  return beforeNextUrl(text, from, limit);
}

/** Lists of URLs are written with and without blanks behind their commas. */
function beforeNextUrl(text: string, from: number, end: number): number {
  const next = /[,;|](?:[a-z][a-z0-9+.-]{0,10}:)?\/\//i.exec(text.slice(from, end));
  return next === null ? end : from + next.index;
}

/** Of a `(` directly before the URL, as in Markdown links and CSS `url()`. */
function closingParenthesis(text: string, from: number, limit: number): number | undefined {
  let depth = 1;
  for (let at = from; at < limit; at += 1) {
    if (text[at] === "(") depth += 1;
    else if (text[at] === ")" && (depth -= 1) === 0) return at;
  }
  // `](url "title")`: the white space has ended the URL before the parenthesis did.
  return /^\s+["'(]/.test(text.slice(limit, limit + 40)) ? limit : undefined;
}

function withoutTrailing(text: string, start: number, end: number): number {
  let at = end;
  for (;;) {
    const last = text[at - 1] ?? "";
    const url = text.slice(start, at);
    const unbalanced = last === ")" && count(url, ")") > count(url, "(");
    if (!(TRAILING.has(last) || unbalanced) || at <= start + 1) return at;
    at -= 1;
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
