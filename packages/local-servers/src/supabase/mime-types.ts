import { failures } from "./api-error.ts";

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = `\\s*;\\s*${TOKEN}=(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`;
/** A media type by RFC 9110, section 8.3.1. */
const CONTENT_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?:${PARAMETER})*\\s*;?\\s*$`);
/** An entry of a bucket's list: `type/subtype`, `type/*`, or anything that ends in a star. */
const ALLOWED_TYPE = /^(?:[a-zA-Z0-9.+-]+\/(?:[a-zA-Z0-9.+-]+|\*)|[a-zA-Z0-9.+/-]*\*)$/;

export function checkContentTypeHeader(value: string): void {
  if (!CONTENT_TYPE.test(value)) throw failures.invalidContentType();
}

export function checkAllowedTypeEntries(entries: readonly string[]): void {
  const bad = entries.find((entry) => !ALLOWED_TYPE.test(entry));
  if (bad !== undefined) throw failures.invalidMimeType(bad);
}

/** Compares the halves around the slash exactly, so parameters count as a part of the subtype. */
export function checkTypeIsAllowed(type: string, allowed: readonly string[] | null): void {
  if (allowed === null) return;
  const [major, minor] = type.split("/");
  const fits = allowed.some((entry) => {
    const [allowedMajor, allowedMinor] = entry.split("/");
    return minor !== undefined && allowedMajor === major && (allowedMinor === "*" || allowedMinor === minor);
  });
  if (!fits) throw failures.invalidMimeType(type);
}
