import type { CaseContext } from "./case.ts";
import { fail } from "./check.ts";

/** How many requests the service saw while the action ran. For cases that ask for `requests`. */
export async function requestsOf(t: CaseContext, action: () => Promise<unknown>): Promise<number> {
  const { harness } = t;
  if (harness.requests === undefined) fail("this case counts requests, so it has to ask for `requests`");
  const before = harness.requests();
  await action();
  return harness.requests() - before;
}
