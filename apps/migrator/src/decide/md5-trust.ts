/**
 * Whether the ETags of one source are MD5s of the bytes. Services that encrypt with their own keys send something that only
 * looks like one, so nobody knows before it was seen: one match proves the habit, since 128 bits do not match by chance.
 */
export interface Md5Trust {
  readonly matched: number;
  readonly differed: number;
}

export const NO_MD5_SEEN: Md5Trust = { matched: 0, differed: 0 };

/**
 * - `match`: the bytes are what the source stored.
 * - `altered`: this source's ETags are MD5s, and these bytes are not the stored ones: something on the way changed them (S8).
 * - `unproved`: nothing is known; the first differences of a source whose ETags are no MD5s look like this.
 */
export type Md5Verdict = "match" | "altered" | "unproved";

export function judgeMd5(trust: Md5Trust, etag: string, md5: string): Md5Verdict {
  if (etag.toLowerCase() === md5) return "match";
  return trust.matched > 0 ? "altered" : "unproved";
}

export function learnMd5(trust: Md5Trust, verdict: Md5Verdict): Md5Trust {
  return verdict === "match" ? { ...trust, matched: trust.matched + 1 } : { ...trust, differed: trust.differed + 1 };
}
