import { refusal, type CallSite } from "./failure.ts";

/** A whole number from `least` to `most`, or `InvalidArgument` that names the option and the bounds. */
export function checkWholeNumber(
  site: CallSite,
  name: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return;
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`;
  throw refusal("InvalidArgument", site, `${name} is ${String(value)}. Pass a whole number ${bounds}`);
}
