import { HttpError } from "./http-error.ts";

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
/** RFC 9110 §5.5: nothing that could end the line, and one byte a character. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** RFC 9112 §3.2: what has other characters would be cut, or end the line. */
const TARGET = /^[\x21-\x7e]+$/;

/**
 * The head of a request, one byte a character (RFC 9112 §3).
 * @throws HttpError `HTTP_INVALID_REQUEST` for what cannot stand there; the value is not repeated, since it may be a secret
 */
export function requestHead(method: string, target: string, headers: Readonly<Record<string, string>>): string {
  if (!TOKEN.test(method)) throw invalid("the method is no token");
  if (!TARGET.test(target)) throw invalid("the target has characters that must be percent-encoded");
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (const name in headers) {
    const value = headers[name] ?? "";
    if (!TOKEN.test(name)) throw invalid(`"${name}" cannot be the name of a header`);
    if (!VALUE.test(value)) throw invalid(`the value of ${name} has characters that no header can have`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

function invalid(message: string): HttpError {
  return new HttpError("HTTP_INVALID_REQUEST", message);
}
