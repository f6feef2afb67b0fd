import type { ByteRange } from "@bucketferry/storage-core";

/** What a Range header asks for. */
export type RequestedRange =
  | { readonly kind: "whole" }
  | { readonly kind: "range"; readonly range: ByteRange }
  /** Several ranges, or a single one that no object can satisfy. */
  | { readonly kind: "refused"; readonly why: string };

/**
 * RFC 9110 §14.2. Other units and what is not in the grammar are ignored, as the RFC asks; several ranges are refused: an
 * answer in pieces would cost one request to storage each, and a client may ask for thousands.
 */
export function requestedRange(header: string | undefined): RequestedRange {
  if (header === undefined) return { kind: "whole" };
  const specs = /^bytes=(.+)$/i.exec(header.trim())?.[1]?.split(",");
  if (specs === undefined) return { kind: "whole" };
  if (specs.length > 1) return { kind: "refused", why: "Ask for one range at a time." };
  const match = /^(\d*)-(\d*)$/.exec(specs[0]?.trim() ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return { kind: "whole" };
  const [, first = "", last = ""] = match;
  if (first === "") {
    const suffix = Number(last);
    return suffix === 0
      ? { kind: "refused", why: "The last 0 bytes are no range." }
      : { kind: "range", range: { suffix: Math.min(suffix, Number.MAX_SAFE_INTEGER) } };
  }
  const offset = Number(first);
  if (!Number.isSafeInteger(offset)) return { kind: "refused", why: "The range begins beyond any object." };
  if (last === "") return { kind: "range", range: { offset } };
  // An end before the begin is not a range, and such a header is ignored (§14.1.1).
  if (Number(last) < offset) return { kind: "whole" };
  return { kind: "range", range: { offset, length: Math.min(Number(last), Number.MAX_SAFE_INTEGER - 1) - offset + 1 } };
}
