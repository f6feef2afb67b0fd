import { StorageError, type ObjectInfo, type StorageProvider } from "@bucketferry/storage-core";
import type { Digests } from "../decide/compare-copies.ts";
import { md5Habit } from "../transfer/md5-habit.ts";
import { SideFailure } from "../transfer/side-failure.ts";
import type { TransferContext } from "../transfer/transfer.ts";

/** Finds out whether a source's ETags are MD5s, and holds the bytes that arrive against them, from the first body on. */
export function md5Check(
  source: StorageProvider,
  { signal, onUnproved }: { readonly signal: AbortSignal; readonly onUnproved: () => void },
): TransferContext["checkMd5"] {
  const habit = md5Habit(source, signal);
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
