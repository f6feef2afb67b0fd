/** Where a URL may end in a text that begins with it. */
export interface UrlEnds {
  /** Likeliest first; at least one. */
  readonly ends: readonly number[];
  /**
   * Something around it (quotes, parentheses, the ends of the text) says where it ends. The other ends are for keys that
   * hold that very character and were not escaped, and count only when nothing is known of the first.
   */
  readonly bounded: boolean;
}

export interface UrlSurroundings {
  /** The character in front of the URL; empty at the beginning of a text. */
  readonly before: string;
  /** Offset behind the host: no URL ends before it. */
  readonly from: number;
  /** The text's end is the end of what the URL stands in, not just of what was looked at. */
  readonly isWhole: boolean;
}

/** Characters that no URL holds (RFC 3986 §2), and that end one in every kind of text. */
// oxlint-disable-next-line no-control-regex
const NEVER_IN_URL = /[\s"<>\\^`{|}\u0000-\u001f\u007f]/;
/** May be part of a URL's path, and may be the text around it. */
const MAY_END_PATH = new Set("')],;&[");
/** One of those, a letter that is not ASCII, or a parenthesis: without them a URL goes on to its hard end, or ends in punctuation. */
const MAY_END_WITHIN = /[')\],;&[\u0080-\uffff]/;
/** Trailing punctuation that is the sentence's, as GitHub Flavored Markdown has it for its autolinks (§6.9). */
const TRAILING = new Set("?!.,:*_~';]");
/** Of the ends that are tried for one URL: each costs a parse and a look into the ledger. */
const MOST_ENDS = 8;
/** Quotes that hold a URL with blanks in it close within this many characters. */
export const LONGEST_QUOTED = 1200;

const CLOSERS: Readonly<Record<string, string>> = { '"': '"', "`": "`", "<": ">", "'": "'" };

/** Knows no grammar of the text: what stands directly around a URL tells how it ends. Linear in the text. */
export function urlEnds(text: string, { before, from, isWhole }: UrlSurroundings): UrlEnds {
  const hard = hardEnd(text, from);
  const closer = CLOSERS[before];
  if (before === "" && isWhole && hard === text.trimEnd().length) return { ends: [hard], bounded: true };
  if (closer !== undefined && before !== "'" && text[hard] === closer) return { ends: [hard], bounded: true };
  if (before === "'") {
    const quote = text.indexOf("'", from);
    if (quote !== -1 && quote <= hard) {
      return { ends: [quote, ...endsBefore(new Set("'"), text, quote, hard)], bounded: true };
    }
  }
  if (before === "(") {
    const closing = closingParenthesis(text, from, hard);
    if (closing !== undefined)
      return { ends: unique([closing, ...endsBefore(new Set(")"), text, from, hard)]), bounded: true };
  }
  const blanks = withBlanks(text, hard, { before, from, isWhole });
  if (!MAY_END_WITHIN.test(text.slice(from, hard))) {
    return { ends: unique([withoutTrailing(text, from, hard), hard, ...blanks]), bounded: false };
  }
  const others = [
    withoutTrailing(text, from, hard),
    hard,
    ...blanks,
    ...beforeForeignLetters(text, from, hard),
    ...endsBefore(MAY_END_PATH, text, from, pathEnd(text, from, hard)),
  ];
  return { ends: unique(others).slice(0, MOST_ENDS), bounded: false };
}

function unique(ends: readonly number[]): number[] {
  return ends.filter((end, index) => ends.indexOf(end) === index);
}

/** Ends before one of these characters, the longest text first. */
function endsBefore(closers: ReadonlySet<string>, text: string, from: number, hard: number): number[] {
  const ends: number[] = [];
  for (let at = hard - 1; at > from && ends.length < MOST_ENDS; at -= 1) {
    if (closers.has(text[at] ?? "")) ends.push(at);
  }
  return ends;
}

function pathEnd(text: string, from: number, hard: number): number {
  const query = text.slice(from, hard).search(/[?#]/);
  return query === -1 ? hard : from + query;
}

function hardEnd(text: string, from: number): number {
  const never = text.slice(from).search(NEVER_IN_URL);
  const end = never === -1 ? text.length : from + never;
  // Lists of URLs are written with and without blanks behind their commas.
  const next = text.slice(from, end).search(/[,;](?:[a-z][a-z0-9+.-]{0,10}:)?\/\//i);
  return next === -1 ? end : from + next;
}

/** A URL with blanks that nobody escaped, or whose escapes are read: to what closes it, or to the end of a text that begins with it. */
function withBlanks(text: string, hard: number, { before, from, isWhole }: UrlSurroundings): number[] {
  if (text[hard] !== " ") return [];
  const rest = text.slice(hard, hard + LONGEST_QUOTED).trimEnd();
  const line = rest.search(/[\n\r"<>]/);
  if (before === "(") {
    const closing = balancedParenthesis(text, from, hard + (line === -1 ? rest.length : line));
    return closing === undefined ? [] : [closing];
  }
  const closer = CLOSERS[before];
  if (closer !== undefined) {
    const quote = rest.indexOf(closer);
    return quote === -1 || (line !== -1 && line < quote) ? [] : [hard + quote];
  }
  const end = hard + rest.length;
  return before === "" && isWhole && line === -1 && end > hard && text.trimEnd().length === end ? [end] : [];
}

/** Where no blank stands between words, a URL ends before the first letter that is not ASCII. */
function beforeForeignLetters(text: string, from: number, hard: number): number[] {
  const foreign = text.slice(from, hard).search(/[^\u0000-\u007f]/);
  return foreign === -1 ? [] : [from + foreign];
}

/** Of a `(` directly before the URL, as in Markdown links and CSS `url()`. */
function closingParenthesis(text: string, from: number, limit: number): number | undefined {
  // `](url "title")`: the white space has ended the URL before the parenthesis did.
  const titled = /^\s+["'(]/.test(text.slice(limit, limit + 40)) ? limit : undefined;
  return balancedParenthesis(text, from, limit) ?? titled;
}

function balancedParenthesis(text: string, from: number, limit: number): number | undefined {
  let depth = 1;
  for (let at = from; at < limit; at += 1) {
    if (text[at] === "(") depth += 1;
    else if (text[at] === ")" && (depth -= 1) === 0) return at;
  }
  return undefined;
}

function withoutTrailing(text: string, from: number, end: number): number {
  if (/[A-Za-z0-9%/=-]/.test(text[end - 1] ?? "") && text[end] !== ">") return end;
  let unbalanced = 0;
  for (let at = from; at < end; at += 1) {
    if (text[at] === ")") unbalanced += 1;
    else if (text[at] === "(") unbalanced -= 1;
  }
  let at = end;
  for (; at > from + 1; at -= 1) {
    const last = text[at - 1] ?? "";
    // An attribute without quotes may be followed by the slash that closes its element.
    const closesElement = last === "/" && at === end && text[end] === ">";
    if (last === ")" && unbalanced > 0) unbalanced -= 1;
    else if (!TRAILING.has(last) && !closesElement) break;
  }
  return at;
}
