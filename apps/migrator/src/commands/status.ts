import { OBJECT_STATES } from "@bucketferry/ledger";
import { EXIT } from "../exit-codes.ts";
import { counted, formatBytes, formatCount } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withLedgerToRead, type CommandEnvironment } from "../session.ts";
import { planState, UNFINISHED_PLAN } from "../stages/plan-state.ts";

const RUNS_SHOWN = 5;

/** Where the migration is: read from the ledger alone, beside whoever writes it. */
export function statusCommand(environment: CommandEnvironment): Promise<CommandResult> {
  const { reporter } = environment;
  return withLedgerToRead(environment, async (ledger) => {
    const owner = await ledger.owner();
    if (owner !== undefined) {
      const { host, pid, command, acquiredAt } = owner;
      reporter.event({ type: "owner", host, pid, command, since: new Date(acquiredAt).toISOString() });
    }

    const counts = await ledger.objects.count();
    for (const count of counts) reporter.event({ type: "counts", ...count });
    const byRoute = Map.groupBy(counts, (count) => count.route);
    reporter.table(
      [
        { title: "route" },
        ...OBJECT_STATES.map((state) => ({ title: state, align: "right" as const })),
        { title: "size", align: "right" },
      ],
      [...byRoute].map(([route, own]) => [
        route,
        ...OBJECT_STATES.map((state) => formatCount(own.find((count) => count.state === state)?.objects ?? 0)),
        formatBytes(own.reduce((sum, count) => sum + count.bytes, 0)),
      ]),
    );

    for (const run of await ledger.runs.last(RUNS_SHOWN)) {
      const startedAt = new Date(run.startedAt).toISOString();
      const finishedAt = run.finishedAt === null ? null : new Date(run.finishedAt).toISOString();
      reporter.event({ type: "run", id: run.id, command: run.command, startedAt, finishedAt, exitCode: run.exitCode });
      reporter.line(
        `${startedAt}  ${run.command.padEnd(8)} ${run.exitCode === null ? "running, or killed" : `exit ${run.exitCode}`}`,
      );
    }

    const objectsIn = (state: string): number =>
      counts.filter((count) => count.state === state).reduce((sum, count) => sum + count.objects, 0);
    const total = counts.reduce((sum, count) => sum + count.objects, 0);
    const plan = await planState(ledger);
    return {
      exitCode: EXIT.done,
      counts: { ...Object.fromEntries(OBJECT_STATES.map((state) => [state, objectsIn(state)])), plan },
      lines: [
        `Verified: ${formatCount(objectsIn("verified"))} of ${counted(total, "object")}.`,
        ...(plan === "unfinished" ? [UNFINISHED_PLAN] : []),
      ],
    };
  });
}
