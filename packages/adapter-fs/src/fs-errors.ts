import type { StorageErrorCode } from "@bucketferry/storage-core";
import type { Verdict } from "@bucketferry/storage-core/provider";

/** System errors (errno.h) and what they mean here. */
const BY_CODE: Readonly<Record<string, readonly [StorageErrorCode, string, string?]>> = {
  ENOENT: ["NotFound", "there is no such object"],
  ENOTDIR: [
    "InvalidKey",
    "a part of the key is an object, so it cannot be a folder",
    "Move one of the two to another key.",
  ],
  EISDIR: [
    "InvalidKey",
    "there are objects below this key, so it cannot be an object",
    "Move one of the two to another key.",
  ],
  ENAMETOOLONG: ["InvalidKey", "the key is too long for this file system"],
  EINVAL: ["InvalidKey", "this file system does not take the key"],
  EILSEQ: ["InvalidKey", "this file system does not take the key"],
  ELOOP: [
    "PermissionDenied",
    "the key leads over a symbolic link",
    "Symbolic links are not followed: replace it by what it points to.",
  ],
  EACCES: ["PermissionDenied", "the file system denies access", "Let this process read and write the directory."],
  EPERM: ["PermissionDenied", "the file system denies access", "Let this process read and write the directory."],
  EROFS: ["PermissionDenied", "the file system is read-only"],
  ENOSPC: ["QuotaExceeded", "the disk is full", "Free some space."],
  EDQUOT: ["QuotaExceeded", "the disk quota is used up", "Free some space, or raise the quota."],
  EFBIG: ["TooLarge", "the file system does not take files of this size"],
  EMFILE: ["Unavailable", "this process has too many open files", "Raise its limit (ulimit -n)."],
  ENFILE: ["Unavailable", "the system has too many open files"],
  EBUSY: ["Unavailable", "the file is in use"],
  EAGAIN: ["Unavailable", "the file system did not answer"],
  ETIMEDOUT: ["Timeout", "the file system did not answer in time"],
};

export function classifyFsError(error: unknown): Verdict | undefined {
  const verdict = BY_CODE[codeOf(error) ?? ""];
  if (verdict === undefined) return undefined;
  const [code, message, hint] = verdict;
  return { code, message, hint };
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
