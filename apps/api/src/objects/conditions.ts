import type { ObjectInfo } from "@bucketferry/storage-core";

/** What the conditions of a read say of the object as it is. */
export type ConditionVerdict = "serve" | "not-modified" | "failed";

const CONDITIONAL_HEADERS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];

export function hasConditions(headers: Headers): boolean {
  return CONDITIONAL_HEADERS.some((name) => headers.has(name));
}

/** RFC 9110 §13.2.2, for GET and HEAD, in its order of precedence. */
export function judgeConditions(
  headers: Headers,
  { etag, lastModified }: Pick<ObjectInfo, "etag" | "lastModified">,
): ConditionVerdict {
  const ifMatch = headers.get("if-match");
  if (ifMatch !== null) {
    if (!listMatches(ifMatch, etag, "strong")) return "failed";
  } else {
    const since = dateOf(headers.get("if-unmodified-since"));
    if (since !== undefined && seconds(lastModified) > since) return "failed";
  }
  const ifNoneMatch = headers.get("if-none-match");
  if (ifNoneMatch !== null) return listMatches(ifNoneMatch, etag, "weak") ? "not-modified" : "serve";
  const since = dateOf(headers.get("if-modified-since"));
  return since !== undefined && seconds(lastModified) <= since ? "not-modified" : "serve";
}

/** RFC 9110 §13.1.5: whether a range may be served; else the client has another version and needs the whole. */
export function rangeApplies(
  ifRange: string | null,
  { etag, lastModified }: Pick<ObjectInfo, "etag" | "lastModified">,
): boolean {
  if (ifRange === null) return true;
  if (ifRange.startsWith('"') || ifRange.startsWith("W/")) return listMatches(ifRange, etag, "strong");
  return dateOf(ifRange) === seconds(lastModified);
}

/** The header's form of a contract's ETag: quoted, a weak one's mark in front. */
export function entityTag(etag: string): string {
  return etag.startsWith("W/") ? `W/"${etag.slice(2).replaceAll('"', "")}"` : `"${etag}"`;
}

function listMatches(header: string, etag: string, comparison: "strong" | "weak"): boolean {
  if (header.trim() === "*") return true;
  const ours = entityTag(etag);
  if (comparison === "strong" && ours.startsWith("W/")) return false;
  const given = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return given.some((tag) =>
    comparison === "strong" ? tag === ours : tag.replace(/^W\//, "") === ours.replace(/^W\//, ""),
  );
}

/** The three forms of RFC 9110 §5.6.7. The language's own parser would also take `5`, and make a day in May of it. */
const HTTP_DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/,
];

/** Seconds since 1970, as HTTP dates count; undefined for what is no date, which is then ignored. */
function dateOf(header: string | null): number | undefined {
  const text = header?.trim() ?? "";
  if (!HTTP_DATES.some((form) => form.test(text))) return undefined;
  const time = Date.parse(text.endsWith(" GMT") ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
