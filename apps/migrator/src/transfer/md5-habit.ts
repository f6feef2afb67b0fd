import type { ObjectEntry, StorageProvider } from "@bucketferry/storage-core";
import { looksLikeMd5 } from "../decide/compare-copies.ts";
import { judgeMd5, learnMd5, NO_MD5_SEEN, type Md5Verdict } from "../decide/md5-trust.ts";
import { readDigests } from "./read-digests.ts";

/** Whether a source's ETags are MD5s, learned from its objects. One for each route. */
export interface Md5Habit {
  /** Judges one reading; undefined where the ETag does not even look like an MD5. */
  judge(etag: string, md5: string): Promise<Md5Verdict | undefined>;
}

/** Objects that are read to find out, at most, and the size of each. */
const PROBES = 16;
const PROBE_BYTES = 1024 * 1024;

/**
 * Learns as it goes. At the first ETag that does not fit, before anything fitted, it asks the source itself: a few of its
 * smallest objects are read until one has its own MD5 for an ETag. So the first altered body is found as surely as the last,
 * and a source whose ETags are something else costs these few reads, once.
 */
export function md5Habit(source: StorageProvider, signal: AbortSignal): Md5Habit {
  let trust = NO_MD5_SEEN;
  let probing: Promise<void> | undefined;
  const probe = async (): Promise<void> => {
    const { entries } = await source.listPage({ signal });
    const small = entries
      .filter((entry): entry is ObjectEntry => entry.type === "object" && looksLikeMd5(entry.etag))
      .sort((one, other) => one.size - other.size)
      .filter(({ size }, i) => size <= PROBE_BYTES || i === 0)
      .slice(0, PROBES);
    for (const { key } of small) {
      const { info, digests } = await readDigests("source", source, key, { signal, md5: true });
      if (digests.md5 !== undefined) trust = learnMd5(trust, judgeMd5(trust, info.etag, digests.md5));
      if (trust.matched > 0) return;
    }
  };
  return {
    async judge(etag, md5) {
      if (!looksLikeMd5(etag)) return undefined;
      let verdict = judgeMd5(trust, etag, md5);
      if (verdict === "unproved") {
        // A probe that fails proves nothing; the object is judged by what is known.
        await (probing ??= probe().catch(() => undefined));
        verdict = judgeMd5(trust, etag, md5);
      }
      trust = learnMd5(trust, verdict);
      return verdict;
    },
  };
}
