/**
 * Parameters that mean something to the service that the URL is of, and nothing to another one: credentials,
 * download names, image transformations, cache nonces. Everything else was added by the app, and stays.
 */
const SERVICE_PARAMETERS = new Set([
  "token",
  "download",
  "cachenonce",
  "width",
  "height",
  "resize",
  "quality",
  "format",
  "versionid",
  "x-id",
  // Of signatures of version 2: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
  "awsaccesskeyid",
  "signature",
  "expires",
]);

/** A part of a text, by offsets. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Which parts of a query go when its URL leads to another service. `tail` is what follows the key: a query, a fragment,
 * both or neither. What stays keeps its order and spelling, and no separator is left over.
 */
export function droppedParts(tail: string, dropAll: boolean): Range[] {
  if (!tail.startsWith("?")) return [];
  const fragmentAt = tail.indexOf("#");
  const end = fragmentAt === -1 ? tail.length : fragmentAt;
  const parameters: { readonly start: number; readonly end: number; readonly goes: boolean }[] = [];
  for (let start = 1; start <= end;) {
    const mark = tail.indexOf("&", start);
    const until = mark === -1 || mark > end ? end : mark;
    parameters.push({ start, end: until, goes: dropAll || isServiceParameter(tail.slice(start, until)) });
    start = until + 1;
  }
  if (!parameters.some(({ goes }) => goes)) return [];
  if (parameters.every((one) => one.goes || one.start === one.end)) return [{ start: 0, end }];
  const ranges: Range[] = [];
  let kept = false;
  for (const [index, one] of parameters.entries()) {
    if (!one.goes) kept = true;
    else if (kept) ranges.push({ start: one.start - 1, end: one.end });
    else ranges.push({ start: one.start, end: parameters[index + 1]?.start ?? one.end });
  }
  return ranges;
}

function isServiceParameter(pair: string): boolean {
  const name = (pair.split("=", 1)[0] ?? "").toLowerCase();
  return SERVICE_PARAMETERS.has(name) || name.startsWith("x-amz-") || name.startsWith("response-");
}
