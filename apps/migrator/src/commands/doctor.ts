import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { isLedgerError } from "@bucketferry/ledger";
import type { CheckFinding } from "@bucketferry/storage-core";
import type { StorageProvider } from "@bucketferry/storage-core";
import { describeFailure } from "../describe-failure.ts";
import { EXIT } from "../exit-codes.ts";
import { counted, formatBytes } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { probeTarget } from "../stages/probe-target.ts";
import { withReferences } from "../with-references.ts";
import { ledgerPath, withSides, type CommandEnvironment, type Sides } from "../session.ts";
import { VERSION } from "../version.ts";

export interface DoctorCommandOptions {
  /** Also writes, reads, lists and deletes scratch objects at each target. */
  readonly write: boolean;
}

type Level = "ok" | "warning" | "error";
type Tell = (
  subject: string,
  finding: { readonly id: string; readonly level: Level; readonly message: string; readonly fix?: string | undefined },
) => void;

/** What the ledger needs on its disk for a million objects, measured with keys of 60 bytes, and doubled. */
const LEDGER_BYTES_PER_OBJECT = 1_000;
const LEAST_FREE_BYTES = 100 * 1024 * 1024;

/** Looks at everything a run will need and changes nothing; each finding comes with its fix. */
export function doctorCommand(environment: CommandEnvironment, options: DoctorCommandOptions): Promise<CommandResult> {
  const { reporter } = environment;
  const levels = { ok: 0, warning: 0, error: 0 };
  const tell: Tell = (subject, { id, level, message, fix }) => {
    levels[level]++;
    reporter.event({ type: "finding", subject, id, level, message, ...(fix === undefined ? {} : { fix }) });
  };
  return withSides(environment, async (sides) => {
    await checkSides(sides, environment, options, tell);
    await checkLedger(sides, environment, tell);
    await checkDatabase(sides, environment, tell);
    return {
      exitCode: levels.error > 0 ? EXIT.partial : EXIT.done,
      counts: levels,
      lines: [
        levels.error > 0
          ? `${counted(levels.error, "problem")} and ${counted(levels.warning, "warning")}.`
          : `Nothing in the way; ${counted(levels.warning, "warning")}.`,
      ],
    };
  });
}

async function checkSides(
  { routes }: Sides,
  { interrupt }: CommandEnvironment,
  { write }: DoctorCommandOptions,
  tell: Tell,
): Promise<void> {
  for (const route of routes) {
    for (const side of ["source", "target"] as const) {
      const subject = `${route.name} ${side}`;
      try {
        // The source is never written to, not even a scratch object.
        const report = await route[side].check({ write: write && side === "target", signal: interrupt.drain });
        const willBeMade = side === "target" && !report.ok && (await isMissing(route.target, interrupt.drain));
        for (const finding of report.findings) tell(subject, judgeBucket(finding, side, willBeMade));
        if (write && side === "target" && report.ok) {
          for (const finding of await probeTarget(route.target, interrupt.drain)) tell(subject, finding);
        }
      } catch (error) {
        if (interrupt.drain.aborted) throw error;
        const { code, message, hint } = describeFailure(error);
        tell(subject, { id: "check", level: "error", message: `${code}: ${message}`, fix: hint });
      }
    }
  }
}

const SETUP = "`bucketferry setup` makes it.";

/** Whether all that is wrong with a bucket is that it is not there yet. */
async function isMissing(target: StorageProvider, signal: AbortSignal): Promise<boolean> {
  return target.ensureBucket({ dryRun: true, signal }).then(
    ({ existed }) => !existed,
    () => false,
  );
}

/** `setup` makes missing targets, never a source: there, a missing bucket is a wrong name. */
function judgeBucket(finding: CheckFinding, side: "source" | "target", willBeMade: boolean): CheckFinding {
  if (finding.id !== "bucket" || finding.level === "ok") return finding;
  if (side === "source") return { ...finding, level: "error", fix: "Check the bucket's name in the configuration." };
  return willBeMade ? { ...finding, level: "warning", fix: SETUP } : finding;
}

async function checkLedger({ config, routes }: Sides, environment: CommandEnvironment, tell: Tell): Promise<void> {
  const path = ledgerPath(config);
  try {
    const { openLedger } = await import("@bucketferry/ledger");
    const ledger = await openLedger({
      path,
      routes,
      mode: "write",
      command: "doctor",
      version: VERSION,
      acceptRoutes: environment.acceptRouteChanges,
    });
    try {
      const damage = ledger.checkIntegrity();
      if (damage.length === 0)
        tell("ledger", { id: "ledger", level: "ok", message: `${path} can be written and is sound.` });
      for (const message of damage) tell("ledger", { id: "integrity", level: "error", message });
    } finally {
      await ledger.close();
    }
  } catch (error) {
    const { message, hint } = describeFailure(error);
    const level = isLedgerError(error, "Held") ? "warning" : "error";
    tell("ledger", { id: "ledger", level, message, fix: hint });
    return;
  }

  const disk = await statfs(dirname(path));
  const free = disk.bavail * disk.bsize;
  tell("ledger", {
    id: "disk",
    level: free < LEAST_FREE_BYTES ? "warning" : "ok",
    message: `${formatBytes(free)} free on its disk, enough for about ${counted(Math.floor(free / LEDGER_BYTES_PER_OBJECT), "object")}.`,
    ...(free < LEAST_FREE_BYTES ? { fix: "Free some space, or name a path on another disk under `ledger`." } : {}),
  });
}

async function checkDatabase({ config, routes }: Sides, environment: CommandEnvironment, tell: Tell): Promise<void> {
  if (config.database === undefined) {
    tell("database", {
      id: "database",
      level: "ok",
      message: "None is configured: objects are moved, no URL is rewritten.",
    });
    return;
  }
  try {
    await withReferences(config, routes, async (references) => {
      const description = await references.describe({ signal: environment.interrupt.drain });
      for (const finding of description.findings) tell("database", finding);
      const looked = description.tables.filter((table) => table.skipped === undefined && table.columns.length > 0);
      if (description.engine !== undefined) {
        tell("database", {
          id: "tables",
          level: looked.length > 0 ? "ok" : "warning",
          message: `${description.engine}: ${counted(looked.length, "table")} will be looked at: ${looked.map((table) => table.table).join(", ")}.`,
        });
      }
    });
  } catch (error) {
    const { message, hint } = describeFailure(error);
    tell("database", { id: "database", level: "error", message, fix: hint });
  }
}
