import type { Route } from "@bucketferry/config";
import { CommandError } from "../command-error.ts";
import { exitCodeOf } from "../decide/exit-code.ts";
import { unseenShare, type Sample } from "../decide/sample.ts";
import { checkEvidence, type CheckedEvidence } from "../evidence/check-evidence.ts";
import { EvidenceError } from "../evidence/evidence-error.ts";
import type { EvidenceObject } from "../evidence/evidence-lines.ts";
import { isIncluded } from "../evidence/merkle-tree.ts";
import { EXIT } from "../exit-codes.ts";
import { counted, formatBytes, formatCount, formatShare } from "../report/format.ts";
import type { Reporter } from "../report/reporter.ts";
import type { CommandResult } from "../run-command.ts";
import { withSides, type CommandEnvironment } from "../session.ts";
import { audit, type AuditStatus, type AuditSummary } from "../stages/audit.ts";
import { pathOfUser } from "./path-of-user.ts";

export interface AuditCommandOptions {
  readonly quick: boolean;
  readonly source: boolean;
  readonly sample: Sample | undefined;
  /** Only this object, with its inclusion proof. */
  readonly key: string | undefined;
  readonly route: string | undefined;
  /** The Merkle root that was kept elsewhere, hex. */
  readonly root: string | undefined;
}

/**
 * Checks an evidence file from scratch: first what it says of itself, then, where a configuration is named, the storage
 * against it. Looks at no ledger and writes nothing.
 */
export async function auditCommand(
  environment: CommandEnvironment,
  evidence: string,
  options: AuditCommandOptions,
): Promise<CommandResult> {
  const { reporter, interrupt } = environment;
  const { drain, abort } = interrupt;
  const file = pathOfUser(evidence);
  const wanted = wantedObject(options);
  let checked: CheckedEvidence;
  try {
    checked = await checkEvidence(file, { signal: AbortSignal.any([drain, abort]), wanted });
  } catch (error) {
    if (drain.aborted || abort.aborted) return interrupted();
    throw describeBadFile(error, evidence);
  }
  reporter.event({
    type: "evidence",
    file,
    sha256: checked.sha256,
    root: checked.root,
    lines: checked.lines,
  });
  compareRoot(checked, options.root);
  showInclusion(checked, options, reporter);

  const proved = checked.summary.objects["proved"] ?? 0;
  const { problems } = checked.summary;
  const fileLines = [
    `The file is as it was written: ${counted(checked.lines, "line")}, ${counted(proved, "object")} proved, ${counted(problems, "problem")} named.`,
    ...(options.root === undefined
      ? ["Its root was compared with none: --root takes the one that was kept elsewhere."]
      : []),
  ];
  const fileCounts = { lines: checked.lines, root: checked.root, proved, problems };
  if (environment.config === undefined) {
    return {
      exitCode: problems > 0 ? EXIT.partial : EXIT.done,
      counts: fileCounts,
      lines: [...fileLines, "The storage was not looked at: --config names it."],
    };
  }
  return withSides(environment, async ({ config, routes }) => {
    const summary = await audit({
      file,
      routes: routesOf(checked, routes, reporter),
      quick: options.quick,
      source: options.source,
      sample: options.sample,
      wanted,
      concurrency: config.copy.concurrency,
      reporter,
      drain,
      abort,
    });
    if (!summary.complete) return interrupted();
    showSides(summary, reporter);
    const troubles = troublesIn(summary.target) + troublesIn(summary.source) + problems;
    return {
      exitCode: exitCodeOf({ complete: true, troubles }),
      counts: { ...fileCounts, ...summary },
      lines: [storageLine(summary, options), ...fileLines, ...sampleLines(summary, options.sample, proved)],
    };
  });
}

function wantedObject({ key, route }: AuditCommandOptions): ((object: EvidenceObject) => boolean) | undefined {
  if (key === undefined && route === undefined) return undefined;
  return (object) => (key === undefined || object.key === key) && (route === undefined || object.route === route);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
};

function describeBadFile(error: unknown, evidence: string): unknown {
  if (error instanceof EvidenceError) {
    return new CommandError(EXIT.usage, "EvidenceDamaged", `${evidence}: ${error.message}`, {
      hint: "Take the file as `prove` wrote it, or write a new one.",
      cause: error,
    });
  }
  const problem = error instanceof Error && "code" in error ? UNREADABLE[String(error.code)] : undefined;
  return problem === undefined
    ? error
    : new CommandError(EXIT.usage, "NoEvidence", `${evidence}: ${problem}.`, { cause: error });
}

function compareRoot({ root }: CheckedEvidence, expected: string | undefined): void {
  if (expected === undefined || expected.toLowerCase() === root) return;
  throw new CommandError(EXIT.usage, "OtherRoot", `The file's root is ${root}, and not ${expected}.`, {
    hint: "It is sound in itself, and not the file whose root was kept.",
  });
}

function showInclusion(
  { found, matches }: CheckedEvidence,
  { key, route }: AuditCommandOptions,
  reporter: Reporter,
): void {
  if (key === undefined) return;
  if (found === undefined) {
    throw new CommandError(EXIT.usage, "NoSuchKey", `The file has no object with the key ${JSON.stringify(key)}.`);
  }
  if (matches > 1) {
    throw new CommandError(EXIT.usage, "AmbiguousKey", `${matches} routes have an object with this key.`, {
      hint: `Name one with --route${route === undefined ? ", for instance --route " + found.object.route : ""}.`,
    });
  }
  if (!isIncluded(found)) throw new Error("the inclusion proof does not lead to the root");
  reporter.event({
    type: "inclusion",
    route: found.object.route,
    key,
    leaf: found.leaf.toString(),
    leafIndex: found.leafIndex,
    treeSize: found.treeSize,
    path: found.path.map((hash) => hash.toString("hex")),
    root: found.root.toString("hex"),
  });
}

/** The configuration's routes that the file is about. The same objects may lie elsewhere by now: that is said, and no hindrance. */
function routesOf({ header }: CheckedEvidence, routes: readonly Route[], reporter: Reporter): readonly Route[] {
  return header.routes.map((named) => {
    const route = routes.find(({ name }) => name === named.name);
    if (route === undefined) {
      throw new CommandError(
        EXIT.usage,
        "NoSuchRoute",
        `The configuration has no route ${JSON.stringify(named.name)}.`,
        {
          hint: `The file is about ${named.target}: name it as this route's target.`,
        },
      );
    }
    if (route.targetIdentity !== named.target) {
      reporter.event({
        type: "warning",
        code: "OtherTarget",
        route: route.name,
        message: `The file is about ${named.target}; what is read is ${route.targetIdentity}.`,
      });
    }
    return route;
  });
}

function troublesIn(counts: Readonly<Record<AuditStatus, number>> | undefined): number {
  return counts === undefined ? 0 : counts.lost + counts.changed + counts.unreadable;
}

function showSides({ target, source }: AuditSummary, reporter: Reporter): void {
  const row = (side: string, counts: Readonly<Record<AuditStatus, number>>): string[] => [
    side,
    ...[counts.equal, counts.lost, counts.changed, counts.unreadable].map(formatCount),
  ];
  reporter.table(
    [
      { title: "side" },
      ...["equal", "lost", "changed", "unreadable"].map((title) => ({ title, align: "right" as const })),
    ],
    [row("target", target), ...(source === undefined ? [] : [row("source", source)])],
  );
}

function storageLine(summary: AuditSummary, { quick }: AuditCommandOptions): string {
  const wrong = troublesIn(summary.target) + troublesIn(summary.source);
  const how =
    quick && summary.source === undefined ? "listed with the same size and ETag" : "read again with the same SHA-256";
  return wrong === 0
    ? `All as proved: ${counted(summary.objects, "object")} ${how} (${formatBytes(summary.bytesRead)} read).`
    : `${counted(wrong, "difference")} in ${counted(summary.objects, "object")} (${formatBytes(summary.bytesRead)} read).`;
}

function sampleLines({ objects, target }: AuditSummary, sample: Sample | undefined, proved: number): string[] {
  if (sample === undefined) return [];
  return [
    `A sample: ${formatCount(objects)} of ${counted(proved, "object")} (rate ${formatShare(sample.rate)}, seed ${JSON.stringify(sample.seed)}). It proves these and no others.`,
    ...(troublesIn(target) === 0 && objects > 0
      ? [`None was wrong; with 95 % confidence, at most ${formatShare(unseenShare(objects))} of all are.`]
      : []),
  ];
}

function interrupted(): CommandResult {
  return { exitCode: EXIT.interrupted, counts: {}, lines: ["Interrupted. Run the command again."] };
}
