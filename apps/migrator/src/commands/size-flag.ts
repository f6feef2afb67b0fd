import { BYTE_SIZE_FORM, parseByteSize } from "@bucketferry/config";
import { wrongFlag } from "./wrong-flag.ts";

/** Bytes. @throws CommandError that names the flag, the value and how it is written */
export function sizeOf(flag: string, text: string): number {
  const bytes = parseByteSize(text);
  if (bytes === undefined) throw wrongFlag(flag, text, `is not a size. Write it as ${BYTE_SIZE_FORM}.`);
  return bytes;
}

/** Bytes a second; undefined where the flag was not given. @throws CommandError as `sizeOf`, and for 0 */
export function rateOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = sizeOf(flag, text);
  if (bytes > 0) return bytes;
  throw wrongFlag(flag, text, "would never move a byte. Write it as 10M, or leave the flag out.");
}
