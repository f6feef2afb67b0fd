import type { ConformanceCase, Harness } from "./case.ts";

/** Throws when a harness declares what no case can honour: a typing error there would switch a check off in silence. */
export function checkHarness(harness: Harness, cases: readonly ConformanceCase[]): void {
  const ids = new Set(cases.map(({ id }) => id));
  for (const [id, reason] of Object.entries(harness.deviations ?? {})) {
    if (!ids.has(id)) throw new TypeError(`deviations of harness "${harness.name}": there is no case "${id}"`);
    if (reason.trim() === "") throw new TypeError(`deviations of harness "${harness.name}": "${id}" gives no reason`);
  }
  for (const [ability, reason] of Object.entries(harness.without)) {
    if (reason.trim() === "") throw new TypeError(`without of harness "${harness.name}": "${ability}" gives no reason`);
  }
}
