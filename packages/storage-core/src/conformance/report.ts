import { CASE_LEVELS, CASE_OUTCOMES, type CaseLevel, type CaseOutcome, type CaseResult } from "./case.ts";

export interface SuiteReport {
  /** Name of the harness. */
  readonly adapter: string;
  /** No case failed. */
  readonly ok: boolean;
  readonly totals: Readonly<Record<CaseOutcome, number>>;
  readonly byLevel: Readonly<Record<CaseLevel, Readonly<Record<CaseOutcome, number>>>>;
  readonly results: readonly CaseResult[];
}

export function suiteReport(adapter: string, results: readonly CaseResult[]): SuiteReport {
  const totals = count(results);
  const byLevel = Object.fromEntries(
    CASE_LEVELS.map((level) => [level, count(results.filter((result) => result.level === level))]),
  ) as SuiteReport["byLevel"];
  return { adapter, ok: totals.failed === 0, totals, byLevel, results };
}

/** One table of counts, and one line for every case that did not simply pass. For a terminal of any width. */
export function reportText(report: SuiteReport): string {
  const rows = [
    ["", ...CASE_OUTCOMES],
    ...CASE_LEVELS.map((level) => [level, ...CASE_OUTCOMES.map((outcome) => String(report.byLevel[level][outcome]))]),
    ["all", ...CASE_OUTCOMES.map((outcome) => String(report.totals[outcome]))],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const remarks = CASE_OUTCOMES.filter((outcome) => outcome !== "passed").flatMap((outcome) => {
    const of = report.results.filter((result) => result.outcome === outcome);
    return of.length === 0
      ? []
      : ["", `${outcome}:`, ...of.map(({ id, title, reason }) => `  ${id} ${title}: ${reason ?? "no reason given"}`)];
  });
  return [`Storage contract: ${report.adapter}: ${report.ok ? "kept" : "BROKEN"}`, "", ...table, ...remarks, ""].join(
    "\n",
  );
}

/** The report as plain data; what was thrown is left out, since it may hold anything. */
export function reportJson(report: SuiteReport): Record<string, unknown> {
  const results = report.results.map(({ error: _, durationMs, ...rest }) => ({
    ...rest,
    durationMs: Math.round(durationMs),
  }));
  return { ...report, results };
}

function count(results: readonly CaseResult[]): Record<CaseOutcome, number> {
  const counts = Object.fromEntries(CASE_OUTCOMES.map((outcome) => [outcome, 0])) as Record<CaseOutcome, number>;
  for (const { outcome } of results) counts[outcome] += 1;
  return counts;
}
