import { failures } from "./api-error.ts";

/** A position in a listing: base64 of one line for each field that is set, its letter in front. */
export interface ListCursor {
  /** `l`: the last key that was listed. */
  readonly lastKey: string;
  /** `o` */
  readonly order?: string | undefined;
  /** `c` */
  readonly column?: string | undefined;
  /** `a`: the time of the last row, cut to milliseconds. */
  readonly after?: string | undefined;
}

const FIELDS = { l: "lastKey", o: "order", c: "column", a: "after" } as const;
const LINE = /^([a-z]):(.*)$/;

export function encodeCursor(cursor: ListCursor): string {
  const lines = Object.entries(FIELDS).flatMap(([letter, field]) => {
    const value = cursor[field];
    return value === undefined || value === "" ? [] : [`${letter}:${value}`];
  });
  return Buffer.from(lines.join("\n")).toString("base64");
}

export function decodeCursor(token: string): ListCursor {
  const cursor: { -readonly [Field in keyof ListCursor]: ListCursor[Field] } = { lastKey: "" };
  for (const line of Buffer.from(token, "base64").toString("utf8").split("\n")) {
    const [, letter = "", value = ""] = LINE.exec(line) ?? [];
    if (!isLetter(letter)) throw failures.invalidParameter("Invalid Parameter continuation token");
    cursor[FIELDS[letter]] = value;
  }
  return cursor;
}

function isLetter(letter: string): letter is keyof typeof FIELDS {
  return Object.hasOwn(FIELDS, letter);
}
