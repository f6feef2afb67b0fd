import { StorageError, type ObjectInfo } from "@bucketferry/storage-core";
import type { Digests } from "../decide/compare-copies.ts";
import type { Md5Habit } from "../transfer/md5-habit.ts";
import { SideFailure } from "../transfer/side-failure.ts";
import type { TransferContext } from "../transfer/transfer.ts";

/** Holds the bytes that arrive against the MD5s that a source has the habit of naming, from the first body on. */
export function md5Check(habit: Md5Habit, onUnproved: () => void): TransferContext["checkMd5"] {
  return async (info: ObjectInfo, digests: Digests) => {
    if (digests.md5 === undefined) return;
    const verdict = await habit.judge(info.etag, digests.md5);
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
