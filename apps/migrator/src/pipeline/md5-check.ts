import { StorageError, type ObjectInfo } from "@bucketferry/storage-core";
import { looksLikeMd5, type Digests } from "../decide/compare-copies.ts";
import { judgeMd5, learnMd5, NO_MD5_SEEN } from "../decide/md5-trust.ts";
import { SideFailure } from "../transfer/side-failure.ts";
import type { TransferContext } from "../transfer/transfer.ts";

/** Learns whether a source's ETags are MD5s, and from then on holds the bytes that arrive against them. */
export function md5Check(onUnproved: () => void): TransferContext["checkMd5"] {
  let trust = NO_MD5_SEEN;
  return (info: ObjectInfo, digests: Digests) => {
    if (!looksLikeMd5(info.etag) || digests.md5 === undefined) return;
    const verdict = judgeMd5(trust, info.etag, digests.md5);
    trust = learnMd5(trust, verdict);
    if (verdict === "unproved") onUnproved();
    if (verdict !== "altered") return;
    throw new SideFailure(
      "source",
      new StorageError(
        "ChecksumMismatch",
        "The bytes that arrived are not the ones whose MD5 the source lists: something on the way changed them.",
        { key: info.key },
      ),
    );
  };
}
