import type { Dispatcher } from "undici";
import type { AnswerHeaders } from "./s3-lane.ts";

/** Headers that came several times, as one value each: RFC 9110 §5.3. */
export function oneValueEach(headers: Dispatcher.ResponseData["headers"]): AnswerHeaders {
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = value.join(",");
  }
  return headers as AnswerHeaders;
}
