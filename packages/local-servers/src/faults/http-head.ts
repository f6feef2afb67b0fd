import type { ByteSource } from "./byte-source.ts";

/** The first line and the headers of an HTTP/1.1 message, as they came. */
export interface Head {
  /** With the empty line at the end. */
  readonly raw: Buffer;
  readonly startLine: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

const END = "\r\n\r\n";
const MAX_HEAD_BYTES = 256 * 1024;

/** The next head; undefined when the connection ended before one was complete. */
export async function readHead(source: ByteSource): Promise<Head | undefined> {
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = held.indexOf(END);
    if (end !== -1) {
      source.unread(held.subarray(end + END.length));
      return parseHead(held.subarray(0, end + END.length));
    }
    if (held.length > MAX_HEAD_BYTES) return undefined;
    const more = await source.next();
    if (more === undefined) return undefined;
    held = Buffer.concat([held, more]);
  }
}

function parseHead(raw: Buffer): Head {
  const [startLine = "", ...lines] = raw.toString("latin1").trimEnd().split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { raw, startLine, headers };
}

/** Values of a header by lower-case name, joined as HTTP joins them; undefined when it is not there. */
export function headerOf(head: Head, name: string): string | undefined {
  const values = head.headers.filter(([candidate]) => candidate.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(", ");
}

/** A head with some headers replaced, added or, by null, removed. Names are lower-case. */
export function withHeaders(
  head: Head,
  changes: Readonly<Record<string, string | null>>,
  startLine = head.startLine,
): Head {
  const changed = new Map(Object.entries(changes).map(([name, value]) => [name.toLowerCase(), value]));
  const headers = [
    ...head.headers.filter(([name]) => !changed.has(name.toLowerCase())),
    ...[...changed].flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
  ];
  const text = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return { raw: Buffer.from(text, "latin1"), startLine, headers };
}
