import type { Config } from "@bucketferry/config";
import { CommandError } from "../command-error.ts";
import { exitCodeOf } from "../decide/exit-code.ts";
import { unseenShare, type Sample } from "../decide/sample.ts";
import type { VerifyDepth } from "../decide/verify-object.ts";
import { DIFF_FORMATS, diffFormatOf, type DiffFormat } from "../diff/diff-file.ts";
import { DIFF_STATUSES } from "../diff/diff-row.ts";
import { EXIT } from "../exit-codes.ts";
import { counted, formatBytes, formatCount, formatShare } from "../report/format.ts";
import type { Reporter } from "../report/reporter.ts";
import type { CommandResult } from "../run-command.ts";
import { withSession, type CommandEnvironment } from "../session.ts";
import { passGate, runStage } from "../stages/run-stage.ts";
import type { StageContext } from "../stages/stage-context.ts";
import { verify, type VerifySummary } from "../stages/verify.ts";
import { pathOfUser } from "./path-of-user.ts";

export interface VerifyCommandOptions {
  readonly depth: VerifyDepth;
  readonly sample?: Sample | undefined;
  readonly metadata?: boolean | undefined;
  /** A file name that ends with `.csv` or `.jsonl`. */
  readonly diff?: string | undefined;
  readonly allowPartial: boolean;
}

export function verifyCommand(environment: CommandEnvironment, options: VerifyCommandOptions): Promise<CommandResult> {
  const diff = options.diff === undefined ? undefined : diffTarget(options.diff);
  return withSession(environment, ({ context, config }) => verifyStep(context, config, options, diff));
}

export async function verifyStep(
  context: StageContext,
  config: Config,
  options: VerifyCommandOptions,
  diff?: { readonly path: string; readonly format: DiffFormat },
): Promise<CommandResult> {
  await passGate("verify", context, options);
  const { depth, sample, metadata } = options;
  const summary = await runStage("verify", context, () =>
    verify(context, { depth, sample, metadata, diff, concurrency: config.copy.concurrency }),
  );
  showDiff(summary, context.reporter);
  return {
    exitCode: exitCodeOf({ complete: summary.complete, troubles: summary.troubles }),
    counts: { ...summary },
    lines: summary.complete
      ? linesOf(summary)
      : [`Interrupted after ${counted(summary.verified, "object")}. Run the command again.`],
  };
}

/** @throws CommandError for a name that says no format */
function diffTarget(path: string): { readonly path: string; readonly format: DiffFormat } {
  const format = diffFormatOf(path);
  if (format !== undefined) return { path: pathOfUser(path), format };
  throw new CommandError(EXIT.usage, "DiffFormat", `--diff ${path}: the name does not say which format the file has.`, {
    hint: `Give it a name that ends with ${DIFF_FORMATS.map((name) => `.${name}`).join(" or ")}.`,
  });
}

/** One row for each way in which objects differ, and one for those that do not. */
function showDiff({ diff, reasons }: VerifySummary, reporter: Reporter): void {
  const order = new Map(DIFF_STATUSES.map((status, i) => [status, i]));
  const sorted = reasons.toSorted((one, other) => (order.get(one.status) ?? 0) - (order.get(other.status) ?? 0));
  reporter.table(
    [
      { title: "source and target" },
      { title: "why" },
      { title: "route" },
      { title: "objects", align: "right" },
      { title: "size", align: "right" },
    ],
    [
      ["equal", "", "", formatCount(diff.equal), ""],
      ...sorted.map(({ status, reason, route, objects, bytes }) => [
        status,
        reason,
        route,
        formatCount(objects),
        formatBytes(bytes),
      ]),
    ],
  );
}

function linesOf(summary: VerifySummary): string[] {
  const { verified, byEvidence, bytesRead, planAgain, reasons, unproved, md5Unproved, diffFile } = summary;
  const objectsBecause = (...wanted: readonly string[]): number =>
    reasons.reduce((sum, { reason, objects }) => sum + (wanted.includes(reason) ? objects : 0), 0);
  const again = Object.values(planAgain).reduce<number>((sum, objects) => sum + (objects ?? 0), 0);
  const doubted = objectsBecause("source-altered", "source-truncated", "source-unstable", "listed-without-bytes");
  const said: readonly (readonly [number, string])[] = [
    [again, `to be copied again (${countsText(planAgain)}): run \`bucketferry copy\``],
    [
      objectsBecause("not-planned", "planned", "came-back"),
      "at the source and not copied yet: run `bucketferry plan` and `copy`",
    ],
    [objectsBecause("failed"), "not copied, because it failed; `bucketferry report` says why"],
    [
      unproved,
      "that look right, and nothing proves their bytes: run `bucketferry verify` without --quick and without --sample",
    ],
    [doubted, "of a source that does not send what it stores, or has nothing to send: see the list above"],
    [objectsBecause("metadata"), "with the right bytes, and other headers or metadata than at the source"],
    [objectsBecause("size", "bytes"), "whose place at the target another object has"],
    [summary.unchecked, "that could not be checked this time"],
    [
      md5Unproved,
      "whose ETag at the source looks like an MD5 and is none: their bytes were compared with an earlier reading only",
    ],
  ];
  return [
    `Verified ${counted(verified, "object")} (${countsText(byEvidence) || "nothing to do"}), ${formatBytes(bytesRead)} read.`,
    ...sampleLines(summary),
    ...said.filter(([objects]) => objects > 0).map(([objects, what]) => `${counted(objects, "object")} ${what}`),
    ...(diffFile === undefined ? [] : [`Every object is in ${diffFile}.`]),
  ];
}

/** A sample proves a sample, and says how little it says of the rest. */
function sampleLines({ sample, objectsRead, diff, troubles }: VerifySummary): string[] {
  if (sample === undefined) return [];
  const all = Object.values(diff).reduce((sum, objects) => sum + objects, 0);
  return [
    `A sample: read ${formatCount(objectsRead)} of ${counted(all, "object")} (rate ${formatShare(sample.rate)}, seed ${JSON.stringify(sample.seed)}). It proves these and no others.`,
    ...(objectsRead > 0 && objectsRead < all && troubles === 0
      ? [
          `None of them was wrong; with 95 % confidence, at most ${formatShare(unseenShare(objectsRead))} of all objects are.`,
        ]
      : []),
  ];
}

function countsText(counts: Partial<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${formatCount(count ?? 0)} ${name}`)
    .join(", ");
}
