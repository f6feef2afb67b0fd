import { Command, InvalidArgumentError, Option } from "commander";
import { parseRate, type Sample } from "./decide/sample.ts";
import type { SelectionFlags } from "./commands/selection-flags.ts";
import type { ExitCode } from "./exit-codes.ts";
import { LOG_LEVELS } from "./report/reporter.ts";
import { onlyWith } from "./only-with.ts";
import { runCommand, type CommandResult, type GlobalOptions } from "./run-command.ts";
import type { CommandEnvironment } from "./session.ts";
import { VERSION } from "./version.ts";

/** What a command's own options are made into once its module is loaded. */
type Start<Options> = (environment: CommandEnvironment, options: Options, ...args: string[]) => Promise<CommandResult>;

/** How a size is written, in the descriptions of options; not of `@bucketferry/config`, which no start should wait for. */
const SIZE = "10M or 10MiB (1024 × 1024 bytes), 500k, 10MB (1000 × 1000 bytes), or a number of bytes";

const EXIT_CODES_HELP = `
Exit codes:
  0    all done
  1    something unexpected; run it again, it goes on where it stopped
  2    the command line or the configuration is wrong, or what it names cannot be used
  3    done, but some objects or rows failed
  4    a gate refused to begin
  130  interrupted; run it again, it goes on where it stopped`;

/**
 * The command line. Each command loads its own modules when it runs, so that \`--help\` and \`--version\` load none of them.
 * \`onExit\` is told the exit code.
 */
export function program(onExit: (code: ExitCode) => void): Command {
  const root = new Command("bucketferry")
    .description("Moves a live app's files from one object storage to another, proves it, and can take it back.")
    .version(VERSION)
    .showHelpAfterError("(--help lists what there is)")
    .addHelpText("after", EXIT_CODES_HELP);

  function command<Options extends object>(
    name: string,
    description: string,
    load: () => Promise<Start<Options>>,
  ): Command {
    const [commandName = name] = name.split(" ");
    return root
      .command(name)
      .description(description)
      .option("-c, --config <file>", "configuration; default: bucketferry.config.ts, .js or .json")
      .option("--json", "one JSON object a line on stdout, the last one a summary")
      .addOption(new Option("--log-level <level>", "what is logged to stderr").choices([...LOG_LEVELS]).default("warn"))
      .option("--accept-route-changes", "go on with a ledger after routes were added or left out")
      .action(async (...received: unknown[]) => {
        const self = received.at(-1) as Command;
        const options = self.opts<Options & GlobalOptions>();
        const code = await runCommand(commandName, options, async (environment) =>
          (await load())(environment, options, ...self.args),
        );
        onExit(code);
      });
  }

  command<DoctorOptions>("doctor", "check both sides, the ledger and the database; changes nothing", async () => {
    const { doctorCommand } = await import("./commands/doctor.ts");
    return (environment, { write }) => doctorCommand(environment, { write: write ?? false });
  }).option("--write", "also write, read, list and delete scratch objects at each target");

  command<YesOptions>("setup", "make the targets ready; says first what it would do", async () => {
    const { setupCommand } = await import("./commands/setup.ts");
    return (environment, { yes }) => setupCommand(environment, { yes: yes ?? false });
  }).option("-y, --yes", "do not ask");

  command<ScanOptions>("scan", "find every reference in the database; changes nothing", async () => {
    const { scanCommand } = await import("./commands/scan.ts");
    return (environment, { table, orphans }) => scanCommand(environment, { table, orphans });
  })
    .addOption(tableOption())
    .addOption(
      // What other tables name would be told as orphans.
      new Option(
        "--orphans <file>",
        "compare references, ledger and both sides, and write what does not agree: orphans, dangling references …",
      ).conflicts("table"),
    );

  command<PlanOptions>("plan", "find out what has to be copied, and why; changes nothing but the ledger", async () => {
    const { planCommand } = await import("./commands/plan.ts");
    return (environment, { placeholders, overwriteTarget, archived, manifest, manifestFormat, rate, ...selection }) =>
      planCommand(environment, {
        placeholders,
        overwriteTarget: overwriteTarget ?? false,
        selection,
        archived,
        manifest,
        manifestFormat,
        rate,
      });
  })
    .addOption(placeholdersOption())
    .option("--overwrite-target", "give up objects at the target that are not our copies")
    .option("--include <pattern...>", "take up these keys only, instead of copy.include; may be given again")
    .option("--exclude <pattern...>", "leave these keys out, instead of copy.exclude; may be given again")
    .option("--min-size <size>", `leave smaller objects out: ${SIZE}`)
    .option("--max-size <size>", `leave larger objects out: ${SIZE}`)
    .option("--modified-after <time>", "leave out what was last modified before: 2026-01-31 or 2026-01-31T12:00:00Z")
    .option("--modified-before <time>", "leave out what was last modified then or later")
    .option("--manifest <file>", "take up the keys of this file only; - is stdin")
    .addOption(
      new Option("--manifest-format <format>", "default: by the ending .jsonl, .ndjson, .csv; else text").choices([
        "text",
        "jsonl",
        "csv",
      ]),
    )
    .addOption(
      new Option("--archived <policy>", "objects in an archive: leave out, or copy what was restored").choices([
        "skip",
        "copy",
      ]),
    )
    .option("--rate <size>", `a second, for the forecast: ${SIZE}; default: the bandwidth limit`)
    .hook("preAction", onlyWith({ "--manifest-format": ["--manifest"] }));

  command<CopyOptions>("copy", "copy what is planned; goes on where it stopped", async () => {
    const { copyCommand } = await import("./commands/copy.ts");
    return (environment, { plan, untilQuiet, concurrency, processes, bandwidth, order, patience, allowPartial }) =>
      copyCommand(environment, {
        plan: untilQuiet === true ? "until-quiet" : plan === true ? "once" : undefined,
        concurrency,
        processes,
        order,
        bandwidth,
        patienceMs: patience * 1000,
        allowPartial: allowPartial ?? false,
      });
  })
    .option("--plan", "plan first, in the same process")
    .option("--until-quiet", "plan and copy again and again, until a plan finds nothing to copy")
    .option("--concurrency <objects>", "objects at once; default: copy.concurrency of the configuration", wholeNumber)
    .option("--processes <count>", "processes that copy; default: copy.processes of the configuration", wholeNumber)
    .option("--bandwidth <size>", `most bytes a second, all transfers together: ${SIZE}`)
    .addOption(
      new Option(
        "--order <order>",
        "which objects of a route go first; default: copy.order of the configuration",
      ).choices(["key", "size", "-size", "newest", "oldest"]),
    )
    .addOption(patienceOption())
    .option("--allow-partial", "copy although the last plan was not finished");

  command<VerifyOptions>("verify", "compare both sides, and make verified of copied, on evidence only", async () => {
    const { verifyCommand } = await import("./commands/verify.ts");
    return (environment, options) =>
      verifyCommand(environment, {
        depth: depthOf(options),
        sample: sampleOf(options),
        metadata: options.metadata ?? false,
        diff: options.diff,
        allowPartial: options.allowPartial ?? false,
      });
  })
    .addOption(
      new Option("--quick", "compare listings only; read nothing").conflicts(["checksum", "deep", "sample", "seed"]),
    )
    .addOption(
      new Option(
        "--checksum",
        "the default: stored checksums and ETags, and a copy is read where they prove nothing",
      ).conflicts(["quick", "deep"]),
    )
    .addOption(new Option("--deep", "read both sides of every object again").conflicts(["quick", "checksum"]))
    .addOption(sampleOption())
    .addOption(seedOption())
    .option("--metadata", "also compare headers and user metadata: one more request a side and object")
    .option("--diff <file>", "write every object and how its two sides compare; FILE.csv or FILE.jsonl")
    .option("--allow-partial", "verify what was copied although something is left to copy")
    .hook("preAction", onlyWith({ "--seed": ["--sample"] }));

  command<RewriteOptions>(
    "rewrite",
    "references in the database to new URLs; shows what it would do, --apply does it",
    async () => {
      const { rewriteCommand } = await import("./commands/rewrite.ts");
      return (environment, { apply, limit, allowPartial, table, suppressTriggers }) =>
        rewriteCommand(environment, {
          apply: apply ?? false,
          limit,
          allowPartial: allowPartial ?? false,
          table,
          suppressTriggers,
        });
    },
  )
    .option("--apply", "do it")
    .option("--limit <cells>", "stop after so many cells", wholeNumber)
    .addOption(tableOption())
    .addOption(suppressTriggersOption())
    .option("--allow-partial", "rewrite references of verified objects although others are not verified");

  command<RollbackOptions>(
    "rollback",
    "restore rewritten references from the journal; shows what it would do, --apply does it",
    async () => {
      const { rollbackCommand } = await import("./commands/rollback.ts");
      return (environment, { apply, yes, table, suppressTriggers }) =>
        rollbackCommand(environment, { apply: apply ?? yes ?? false, yes: yes ?? false, table, suppressTriggers });
    },
  )
    .option("--apply", "do it, after a question")
    .option("-y, --yes", "do it, and do not ask")
    .addOption(tableOption())
    .addOption(suppressTriggersOption());

  command<WatchOptions>(
    "watch",
    "tell of rows that still arrive with old URLs, until it is interrupted; changes nothing",
    async () => {
      const { watchCommand } = await import("./commands/watch.ts");
      return (environment, { interval, once, table }) =>
        watchCommand(environment, { intervalMs: interval * 1000, once: once ?? false, table });
    },
  )
    .option("--interval <seconds>", "time between two looks", wholeNumber, 60)
    .addOption(
      new Option("--once", "one look at what is there now; exit code 3 when there is something").conflicts("interval"),
    )
    .addOption(tableOption());

  command<ProveOptions>(
    "prove",
    "check every object and every reference once more, and write the evidence",
    async () => {
      const { proveCommand } = await import("./commands/prove.ts");
      return (environment, { out, deep, fetch, acceptUnreachable, allowPartial }) =>
        proveCommand(environment, {
          out,
          deep: deep ?? false,
          fetch,
          acceptUnreachable: acceptUnreachable ?? false,
          allowPartial: allowPartial ?? false,
        });
    },
  )
    .option("--out <file>", "evidence file; default: beside the ledger")
    .option("--deep", "read every object back")
    .option("--no-fetch", "do not ask for rewritten URLs over HTTP")
    .addOption(
      new Option(
        "--accept-unreachable",
        "URLs that strangers cannot read from here are reported, and are no problem",
      ).conflicts("fetch"),
    )
    .option("--allow-partial", "prove what is verified");

  command<AuditOptions>(
    "audit <evidence>",
    "check an evidence file from scratch, and with --config the storage against it; needs no ledger",
    async () => {
      const { auditCommand } = await import("./commands/audit.ts");
      return (environment, options, evidence = "") =>
        auditCommand(environment, evidence, {
          quick: options.quick ?? false,
          source: options.source ?? false,
          sample: sampleOf(options),
          key: options.key,
          route: options.route,
          root: options.root,
        });
    },
  )
    .option("--root <hex>", "the Merkle root that was kept elsewhere; the file has to have it")
    .option("--quick", "compare with the target's listing; read nothing")
    .option("--source", "also read the source")
    .addOption(sampleOption())
    .addOption(seedOption())
    .addOption(
      new Option("--key <key>", "only this object, with the proof that the file includes it").conflicts("sample"),
    )
    .option("--route <name>", "only this route")
    .hook(
      "preAction",
      onlyWith({
        "--seed": ["--sample"],
        // Without a configuration the storage is not looked at.
        "--quick": ["--config"],
        "--source": ["--config"],
        "--sample": ["--config"],
        "--route": ["--config", "--key"],
      }),
    );

  command("status", "where are we", async () => {
    const { statusCommand } = await import("./commands/status.ts");
    return (environment) => statusCommand(environment);
  });

  command<ReportOptions>("report", "what happened, why, and what is left; failures first", async () => {
    const { reportCommand } = await import("./commands/report.ts");
    return (environment, { limit }) => reportCommand(environment, { limit });
  }).option("--limit <objects>", "objects of each kind that are shown one by one", wholeNumber, 50);

  command<RunOptions>(
    "run",
    "everything in order, with gates; asks before each step that changes something",
    async () => {
      const { runAllCommand } = await import("./commands/run.ts");
      return (environment, options) =>
        runAllCommand(environment, {
          yes: options.yes ?? false,
          allowPartial: options.allowPartial ?? false,
          placeholders: options.placeholders,
          overwriteTarget: options.overwriteTarget ?? false,
          depth: depthOf(options),
          patienceMs: options.patience * 1000,
          fetch: options.fetch,
        });
    },
  )
    .option("-y, --yes", "do not ask")
    .addOption(placeholdersOption())
    .option("--overwrite-target", "give up objects at the target that are not our copies")
    .option("--deep", "verify by reading both sides of every object again")
    .addOption(patienceOption())
    .option("--no-fetch", "do not ask for rewritten URLs over HTTP")
    .option("--allow-partial", "go on although some objects failed; only references of verified objects are rewritten");

  command(
    "explain <url-or-cell>",
    "which route, object and form a URL is, and what it would become, or why it stays; also of table.column@key",
    async () => {
      const { explainCommand } = await import("./commands/explain.ts");
      return (environment, _, url = "") => explainCommand(environment, url);
    },
  );

  return root;
}

interface DoctorOptions {
  readonly write?: boolean;
}
interface YesOptions {
  readonly yes?: boolean;
}
interface PlacementOptions {
  readonly placeholders: "skip" | "keep";
  readonly overwriteTarget?: boolean;
}
interface PlanOptions extends PlacementOptions, SelectionFlags {
  readonly archived?: "skip" | "copy";
  readonly manifest?: string;
  readonly manifestFormat?: "text" | "jsonl" | "csv";
  readonly rate?: string;
}
interface CopyOptions {
  readonly plan?: boolean;
  readonly untilQuiet?: boolean;
  readonly processes?: number;
  readonly order?: "key" | "size" | "-size" | "newest" | "oldest";
  readonly concurrency?: number;
  readonly bandwidth?: string;
  readonly patience: number;
  readonly allowPartial?: boolean;
}
interface DepthOptions {
  readonly quick?: boolean;
  readonly deep?: boolean;
}
interface SampleOptions {
  readonly sample?: number;
  readonly seed?: string;
}
interface VerifyOptions extends DepthOptions, SampleOptions {
  readonly checksum?: boolean;
  readonly metadata?: boolean;
  readonly diff?: string;
  readonly allowPartial?: boolean;
}
interface TableOptions {
  readonly table?: string;
}
interface TriggerOptions {
  readonly suppressTriggers?: boolean;
}
interface ScanOptions extends TableOptions {
  readonly orphans?: string;
}
interface WatchOptions extends TableOptions {
  readonly interval: number;
  readonly once?: boolean;
}
interface RewriteOptions extends TableOptions, TriggerOptions {
  readonly apply?: boolean;
  readonly limit?: number;
  readonly allowPartial?: boolean;
}
interface RollbackOptions extends YesOptions, TableOptions, TriggerOptions {
  readonly apply?: boolean;
}
interface ProveOptions {
  readonly out?: string;
  readonly deep?: boolean;
  readonly fetch: boolean;
  readonly acceptUnreachable?: boolean;
  readonly allowPartial?: boolean;
}
interface AuditOptions extends SampleOptions {
  readonly quick?: boolean;
  readonly source?: boolean;
  readonly key?: string;
  readonly route?: string;
  readonly root?: string;
}
interface ReportOptions {
  readonly limit: number;
}
interface RunOptions extends YesOptions, PlacementOptions, DepthOptions {
  readonly patience: number;
  readonly fetch: boolean;
  readonly allowPartial?: boolean;
}

function depthOf({ quick, deep }: DepthOptions): "quick" | "standard" | "deep" {
  if (deep === true) return "deep";
  return quick === true ? "quick" : "standard";
}

/** Without a seed, every run looks at the same objects. */
function sampleOf({ sample, seed = "" }: SampleOptions): Sample | undefined {
  return sample === undefined ? undefined : { rate: sample, seed };
}

function sampleOption(): Option {
  return new Option("--sample <rate>", "read only this share of the objects: 1% or 0.01; proves the sample").argParser(
    (text) => {
      const rate = parseRate(text);
      if (rate !== undefined) return rate;
      throw new InvalidArgumentError("It has to be a share like 1% or 0.01, above 0 and at most 100%.");
    },
  );
}

function seedOption(): Option {
  return new Option("--seed <text>", "another seed samples other objects; the same one the same");
}

function placeholdersOption(): Option {
  return new Option("--placeholders <policy>", "empty objects that stand for folders")
    .choices(["skip", "keep"])
    .default("skip");
}

function tableOption(): Option {
  return new Option("--table <name>", "only this table, as `doctor` names it");
}

function suppressTriggersOption(): Option {
  return new Option(
    "--suppress-triggers",
    "triggers, rules and foreign keys do not run for what is written (session_replication_role = replica; needs the right)",
  );
}

function patienceOption(): Option {
  return new Option("--patience <seconds>", "how long expired credentials or a service that is away are waited for")
    .argParser(wholeNumber)
    .default(900);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It has to be a whole number above 0.");
}
