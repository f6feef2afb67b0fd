import type { CaseContext } from "./case.ts";
import { fail } from "./check.ts";

/**
 * What the action returns, having checked that the service saw no request meanwhile. A harness that cannot count lets
 * the action pass unwatched.
 */
export async function sendsNothing<T>(t: CaseContext, action: () => Promise<T>): Promise<T> {
  const before = t.harness.requests?.();
  const result = await action();
  const after = t.harness.requests?.();
  if (before !== undefined && after !== undefined && after !== before) {
    fail(`expected no request to the service, but it saw ${after - before}`);
  }
  return result;
}
