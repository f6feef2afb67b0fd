import type { References } from "../references/contract.ts";
import type { Reporter } from "../report/reporter.ts";

/** What somebody should have seen before rows are written: triggers that run, policies that hide rows, views to refresh. */
export async function tellFindings(references: References, reporter: Reporter, signal: AbortSignal): Promise<void> {
  const { findings } = await references.describe({ signal });
  for (const finding of findings) {
    if (finding.level !== "ok") reporter.event({ type: "finding", subject: "database", ...finding });
  }
}
