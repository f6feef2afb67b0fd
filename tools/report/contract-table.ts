/** What the binding of the contract suite notes on each test. */
export interface ContractResult {
  readonly adapter: string;
  readonly id: string;
  readonly outcome: "passed" | "refused" | "skipped" | "inapplicable" | "failed" | "deviated";
  readonly reason?: string | undefined;
}

/** One line per adapter: how many cases of the contract ran and how they ended; then why some were skipped. */
export function contractTable(results: readonly ContractResult[]): string {
  if (results.length === 0) return "";
  const adapters = Map.groupBy(results, (result) => result.adapter);
  const width = Math.max(...[...adapters.keys()].map((name) => name.length));
  const lines = [...adapters].map(([name, cases]) => {
    const count = (outcome: ContractResult["outcome"]): number => cases.filter((one) => one.outcome === outcome).length;
    const ran = cases.length - count("skipped") - count("inapplicable");
    return (
      `  ${name.padEnd(width)}  ${String(ran).padStart(3)} ran: ${count("passed")} passed, ${count("refused")} refused by capability, ` +
      `${count("deviated")} known deviations, ${count("failed")} failed; ` +
      `${count("inapplicable")} not applicable, ${count("skipped")} skipped`
    );
  });
  const reasons = Map.groupBy(
    results.filter((result) => result.outcome === "skipped"),
    (result) => result.reason ?? "no reason given",
  );
  const skips = [...reasons].map(([reason, cases]) => {
    const ids = [...new Set(cases.map((one) => one.id))].toSorted();
    return `    ${ids.join(" ")}: ${reason}`;
  });
  return ["Contract cases per adapter:", ...lines, ...(skips.length > 0 ? ["  Skipped:", ...skips] : [])].join("\n");
}
