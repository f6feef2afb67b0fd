import type { StorageProvider } from "../contract/provider.ts";
import type { CaseContext, ConformanceCase } from "./case.ts";
import { fail, show } from "./check.ts";
import { missingNeeds } from "./needs.ts";

/** Ends a case inside a case; the one around it goes on. */
class SkippedInside extends Error {}

/**
 * Runs other cases inside a case: on another provider and below the case's own prefix. One that needs what this provider
 * has not, asks for what the surroundings lack, or is a declared deviation, is left out.
 */
export async function runInside(
  t: CaseContext,
  cases: readonly ConformanceCase[],
  provider: StorageProvider,
  title: string,
): Promise<void> {
  const { capabilities } = provider;
  for (const one of cases) {
    const lacks = one.asks.some((ability) => t.harness.without[ability] !== undefined);
    const deviates = t.harness.deviations?.[one.id] !== undefined;
    if (lacks || deviates || missingNeeds(one.needs, capabilities).length > 0) continue;
    const prefix = `${t.prefix}${title}/${one.id.toLowerCase()}/`;
    try {
      await one.run({
        ...t,
        provider,
        capabilities,
        prefix,
        key: (name) => prefix + name,
        skip: (reason) => {
          throw new SkippedInside(reason);
        },
      });
    } catch (error) {
      if (error instanceof SkippedInside) continue;
      fail(`${title}: ${one.id} ${one.title}: ${show(error)}`, error);
    }
  }
}

/** The cases with these ids, in this order. */
export function casesOf(all: readonly ConformanceCase[], ids: readonly string[]): readonly ConformanceCase[] {
  return ids.map((id) => all.find((one) => one.id === id) ?? fail(`there is no case ${id}`));
}
