import type { Capabilities } from "../contract/capabilities.ts";
import type { ByteRange } from "../contract/provider.ts";
import { checkWholeNumber } from "./check-numbers.ts";
import { unsupported } from "./check-conditions.ts";
import { refusal, type CallSite } from "./failure.ts";

export function checkRange(supported: Capabilities["range"], site: CallSite, range: ByteRange): void {
  const { offset, length, suffix }: { offset?: unknown; length?: unknown; suffix?: unknown } = range;
  if (suffix === undefined) {
    checkWholeNumber(site, "range.offset", offset, 0);
    if (length !== undefined) checkWholeNumber(site, "range.length", length, 1);
    if (!supported.bounded) throw unsupported(site, "range");
    return;
  }
  if (offset !== undefined || length !== undefined) {
    throw refusal("InvalidArgument", site, "range.suffix excludes range.offset and range.length. Pass one form");
  }
  checkWholeNumber(site, "range.suffix", suffix, 1);
  if (!supported.suffix) throw unsupported(site, "range.suffix");
}
