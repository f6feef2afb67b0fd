import type { Call } from "./call.ts";
import { encodeListed } from "./percent-encoding.ts";
import { invalidArgument } from "./s3-error.ts";

const LARGEST = 2_147_483_647;

/** A count in the query, capped at what the service gives at once. */
export function readLimit(call: Call, name: string, cap: number, fallback = cap): number {
  const text = call.query.get(name);
  if (text === undefined || text === "") return fallback;
  const number = Number(text);
  if (!/^-?\d+$/.test(text))
    throw invalidArgument(name, text, `Provided ${name} not an integer or within integer range`);
  if (number < 0 || number > LARGEST) {
    throw invalidArgument(name, text, `Argument ${name} must be an integer between 0 and ${LARGEST}`);
  }
  return Math.min(number, cap);
}

/** How names stand in the answer: as they are, or encoded for the sake of characters that XML cannot hold. */
export function readEncoding(call: Call): (name: string) => string {
  const type = call.query.get("encoding-type");
  if (type === undefined) return (name) => name;
  if (type === "url") return encodeListed;
  throw invalidArgument("encoding-type", type, "Invalid Encoding Method specified in Request");
}
