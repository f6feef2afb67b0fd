import { CommandError } from "../command-error.ts";
import type { VerifyDepth } from "../decide/verify-object.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { counted, formatBytes } from "../report/format.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment, type Session } from "../session.ts";
import type { PlaceholderPolicy } from "../decide/obstacle.ts";
import { unverifiedCopies } from "../stages/remove-vanished.ts";
import { copyStep } from "./copy-step.ts";
import { mayGoOn } from "./may-go-on.ts";
import { planStep } from "./plan.ts";
import { probeUrls } from "../stages/probe-urls.ts";
import { proveStep } from "./prove.ts";
import { rewriteStep } from "./rewrite.ts";
import { setupStep } from "./setup.ts";
import { verifyStep } from "./verify.ts";

export interface RunCommandOptions {
  readonly yes: boolean;
  readonly allowPartial: boolean;
  readonly placeholders: PlaceholderPolicy;
  readonly overwriteTarget: boolean;
  readonly depth: VerifyDepth;
  readonly patienceMs: number;
  readonly fetch: boolean;
}

const LAST_LINE: Partial<Readonly<Record<ExitCode, string>>> = {
  [EXIT.done]: "All done.",
  [EXIT.interrupted]: "Interrupted. Run the command again: it goes on where it stopped.",
};

/** A live source changes while it is copied: what changed is planned and copied again, so many times at most. */
const MOST_ROUNDS = 3;

/**
 * All stages in their order, each behind its gate; asks before each step that changes something. Run again after any end, it
 * repeats nothing that is done.
 */
export function runAllCommand(environment: CommandEnvironment, options: RunCommandOptions): Promise<CommandResult> {
  return withSession(environment, async (session) => {
    const steps: Record<string, unknown> = {};
    const lines: string[] = [];
    const done = async (name: string, step: Promise<CommandResult>): Promise<CommandResult> => {
      const result = await step;
      steps[name] = { exitCode: result.exitCode, ...result.counts };
      lines.push(...result.lines);
      if (environment.reporter.kind !== "json") for (const line of result.lines) environment.reporter.line(line);
      return result;
    };
    const exitCode = await runSteps(session, environment, options, done);
    return {
      exitCode,
      counts: steps,
      lines: [LAST_LINE[exitCode] ?? lines.at(-1) ?? "Stopped."],
    };
  });
}

async function runSteps(
  session: Session,
  environment: CommandEnvironment,
  options: RunCommandOptions,
  done: (name: string, step: Promise<CommandResult>) => Promise<CommandResult>,
): Promise<ExitCode> {
  const { context, config, ledger } = session;
  let worst: ExitCode = EXIT.done;
  const takeNote = (result: CommandResult): boolean => {
    if (result.exitCode === EXIT.interrupted) worst = EXIT.interrupted;
    else if (worst === EXIT.done) worst = result.exitCode;
    return result.exitCode !== EXIT.interrupted;
  };

  await done("setup", setupStep(session.routes, environment, options));
  for (let round = 1; ; round++) {
    const planned = await done(round === 1 ? "plan" : `plan ${round}`, planStep(context, config, options));
    // What a plan could not do, the last one says.
    worst = EXIT.done;
    if (!takeNote(planned)) return worst;
    const toCopy = await plannedTotals(session);
    const toRemove = await unverifiedCopies(ledger);
    if ((toCopy.objects === 0 && toRemove === 0) || round > MOST_ROUNDS) break;
    if (round === 1) {
      await confirmed(
        `Copy ${counted(toCopy.objects, "object")} (${formatBytes(toCopy.bytes)}) to the target` +
          (toRemove === 0 ? "?" : `, and remove ${counted(toRemove, "copy", "copies")} of what was deleted meanwhile?`),
        environment,
        options,
      );
    }
    const copied = await done(
      round === 1 ? "copy" : `copy ${round}`,
      copyStep(context, config, {
        concurrency: undefined,
        bandwidthLimitBytesPerSecond: undefined,
        patienceMs: options.patienceMs,
        allowPartial: options.allowPartial,
      }),
    );
    if (!takeNote(copied)) return worst;
    // What failed three times in this round would only fail again; a new run tries it again.
    if (copied.exitCode === EXIT.partial) break;
  }

  const verified = await done("verify", verifyStep(context, config, options));
  if (!takeNote(verified)) return worst;

  // Whoever said yes after the warning knows that strangers cannot read the new URLs yet.
  let acceptUnreachable = false;
  if (config.database !== undefined) {
    const silent = options.fetch ? await probeUrls(context, config) : [];
    acceptUnreachable = silent.length > 0;
    if (acceptUnreachable) warnOfSilence(silent, environment);
    const preview = await done(
      "rewrite preview",
      rewriteStep(session, { apply: false, limit: undefined, allowPartial: true }),
    );
    if (!takeNote(preview)) return worst;
    const cells = preview.counts["cellsRewritten"];
    if (typeof cells === "number" && cells > 0) {
      await confirmed(`Rewrite ${counted(cells, "cell")} of the database?`, environment, options);
      const rewritten = await done(
        "rewrite",
        rewriteStep(session, { apply: true, limit: undefined, allowPartial: options.allowPartial }),
      );
      if (!takeNote(rewritten)) return worst;
    }
  }

  takeNote(
    await done(
      "prove",
      proveStep(context, config, {
        out: undefined,
        deep: false,
        fetch: options.fetch,
        acceptUnreachable,
        allowPartial: options.allowPartial,
      }),
    ),
  );
  const left = (await ledger.objects.count()).filter(({ state }) => state === "failed");
  return worst === EXIT.done && left.length > 0 ? EXIT.partial : worst;
}

function warnOfSilence(urls: readonly string[], { reporter }: CommandEnvironment): void {
  reporter.event({
    type: "warning",
    code: "Unreachable",
    message: `New URLs do not answer a stranger from here (${urls[0] ?? ""}): make the bucket or its CDN public, or correct publicBaseUrl.`,
  });
}

async function confirmed(question: string, environment: CommandEnvironment, options: RunCommandOptions): Promise<void> {
  if (await mayGoOn(question, environment, options.yes)) return;
  throw new CommandError(EXIT.gate, "NotConfirmed", "Stopped before the next step; what was done stays done.", {
    hint: "Answer the question at a terminal, or use --yes.",
  });
}

async function plannedTotals({ ledger }: Session): Promise<{ objects: number; bytes: number }> {
  const total = { objects: 0, bytes: 0 };
  for (const count of await ledger.objects.count()) {
    if (count.state !== "planned") continue;
    total.objects += count.objects;
    total.bytes += count.bytes;
  }
  return total;
}
