import { HttpError } from "./http-error.ts";

export type AnswerHeaders = Readonly<Record<string, string | undefined>>;

export interface AnswerHead {
  readonly status: number;
  /** Lower-case names; what came several times is one value, joined by commas (RFC 9110 §5.3). */
  readonly headers: AnswerHeaders;
  /** Whether the connection may carry another request after this answer. */
  readonly keepsAlive: boolean;
}

/** How the end of a body is known: RFC 9112 §6.3. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: |$)/;
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Names as services write them, and as they are called here. Most answers have no new ones. */
const KNOWN_NAMES = new Map<string, string>();
/** Whoever makes up names does not fill the memory with them. */
const MOST_KNOWN_NAMES = 512;

/**
 * Reads the head of an answer, without the empty line at its end.
 * @throws HttpError `HTTP_BAD_ANSWER`
 */
export function parseAnswerHead(text: string): AnswerHead {
  let end = text.indexOf("\r\n");
  if (end === -1) end = text.length;
  const [, minor, status] = STATUS_LINE.exec(text.slice(0, end)) ?? [];
  if (status === undefined) throw bad("it does not begin with a status line");
  // Without a prototype, so that no name is there that the service did not send.
  const headers = Object.create(null) as Record<string, string>;
  for (let start = end + 2; start < text.length; start = end + 2) {
    end = text.indexOf("\r\n", start);
    if (end === -1) end = text.length;
    const colon = text.indexOf(":", start);
    const name = colon === -1 || colon > end ? fail() : nameOf(text.slice(start, colon));
    const value = text.slice(colon + 1, end).trim();
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  const connection = headers["connection"] ?? "";
  const keepsAlive = minor === "1" ? !hasToken(connection, "close") : hasToken(connection, "keep-alive");
  return { status: Number(status), headers, keepsAlive };
}

/**
 * How much body follows. Both framings at once, or lengths that contradict each other, are how answers are smuggled past proxies.
 * @throws HttpError `HTTP_BAD_ANSWER`
 */
export function framingOf(method: string, { status, headers }: AnswerHead): Framing {
  if (method === "HEAD" || status === 204 || status === 304) return { kind: "length", bytes: 0 };
  const encoding = headers["transfer-encoding"];
  const length = headers["content-length"];
  if (encoding !== undefined) {
    if (length !== undefined) throw bad("it has a length and a transfer encoding");
    if (encoding.toLowerCase() !== "chunked") throw bad("its transfer encoding is not chunked");
    return { kind: "chunked" };
  }
  if (length === undefined) return { kind: "until-close" };
  const lengths = new Set(length.split(",").map((one) => one.trim()));
  const [only = ""] = lengths;
  const bytes = Number(only);
  if (lengths.size > 1 || !/^\d+$/.test(only) || !Number.isSafeInteger(bytes)) throw bad("its length is no number");
  return { kind: "length", bytes };
}

function nameOf(written: string): string {
  const known = KNOWN_NAMES.get(written);
  if (known !== undefined) return known;
  // Also lines that go on with the value before (RFC 9112 §5.2), which nobody has sent for twenty years but to smuggle.
  if (!NAME.test(written)) return fail();
  const name = written.toLowerCase();
  if (KNOWN_NAMES.size < MOST_KNOWN_NAMES) KNOWN_NAMES.set(written, name);
  return name;
}

function fail(): never {
  throw bad("it has a line that is no header");
}

/** For how long the service keeps the connection when nothing is sent, in milliseconds, where it says so. */
export function keepAliveMs(headers: AnswerHeaders): number | undefined {
  const [, seconds] = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(headers["keep-alive"] ?? "") ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function hasToken(list: string, token: string): boolean {
  return (
    list !== "" &&
    list
      .toLowerCase()
      .split(",")
      .some((one) => one.trim() === token)
  );
}

function bad(why: string): HttpError {
  return new HttpError("HTTP_BAD_ANSWER", `the answer is not HTTP/1.1: ${why}`);
}
