/**
 * `pnpm bench [NAME…] [OPTIONS]`: measurements that are run and read, never asserted. Figures are CPU time or ratios within one run,
 * since a machine that is shared tells little else. README.md says what is measured, and how.
 */
import { execSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runApart } from "./apart.ts";
import { BENCHES } from "./benches.ts";
import type { BenchContext, BenchResult } from "./bench.ts";
import { rcloneVersion } from "./contestants/rclone.ts";
import { benchOptions, UsageError, type BenchOptions } from "./options.ts";
import { goalLine, isReached } from "./report/goals.ts";
import { machine, machineLine, type Machine } from "./report/machine.ts";
import { externalService } from "./services/external-service.ts";
import { localService } from "./services/local-service.ts";
import type { RunningService } from "./services/service.ts";

const USAGE_ERROR = 2;
const RESULTS = join(import.meta.dirname, "results");

try {
  const options = benchOptions(process.argv.slice(2), Object.keys(BENCHES));
  build(options);
  const [only, ...others] = options.names;
  if (only === undefined || others.length > 0) runAll(options);
  else await run(only, options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = USAGE_ERROR;
}

/** The command line and the service as they would be installed. */
function build({ asBuilt }: BenchOptions): void {
  if (asBuilt) return;
  const built = [
    ["tsc", "--build", "apps/migrator", "apps/api", "packages/local-servers"],
    ["node", "tools/bundle-cli.ts"],
  ].every(([command = "", ...args]) => {
    const { status } = spawnSync(command, args, { cwd: join(import.meta.dirname, ".."), stdio: "inherit" });
    return status === 0;
  });
  if (!built)
    throw new UsageError(
      "apps/migrator, apps/api or packages/local-servers does not build; --as-built measures what was built before.",
    );
}

function runAll(options: BenchOptions): void {
  const folder = mkdtempSync(join(tmpdir(), "bucketferry-benches-"));
  try {
    const reports = Object.keys(BENCHES)
      .filter((name) => options.names.length === 0 || options.names.includes(name))
      .map((name) => runApart(name, options, folder) as Report<unknown>);
    const [first] = reports;
    if (first === undefined) return;
    write(options, { ...first, results: Object.assign({}, ...reports.map(({ results }) => results)) as object });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(name: string, options: BenchOptions): Promise<void> {
  const { rounds, objects, sizeBytes, concurrency, reclaim } = options;
  const about = machine(rcloneVersion());
  console.log(`${machineLine(about)}\n${rounds} rounds, ${concurrency} at once`);
  const folder = mkdtempSync(join(tmpdir(), "bucketferry-bench-"));
  const services = await runningServices(options);
  const context: BenchContext = {
    rounds,
    objects,
    sizeBytes,
    concurrency,
    services,
    folder,
    rclone: about.rclone,
    reclaim() {
      if (reclaim !== undefined) execSync(reclaim, { stdio: "ignore" });
    },
    progress: (line) => process.stderr.write(`  ${line}\n`),
  };
  // Ctrl-C ends the program that is being measured, and with it the benchmark: by its error, so that buckets are removed.
  process.on("SIGINT", () => process.stderr.write("  interrupted; removing buckets\n"));
  const bench = BENCHES[name];
  const results: BenchResult[] = [];
  try {
    console.log(`\n# ${name}: ${bench?.what ?? ""}`);
    for await (const result of bench?.run(context) ?? []) {
      show(result);
      results.push(result);
    }
  } finally {
    for (const service of services) await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
  write(options, { machine: about, rounds, concurrency, results: { [name]: results.map(judged) } });
}

async function runningServices({ on, endpoint }: BenchOptions): Promise<RunningService[]> {
  const local = on === "external" ? undefined : await localService();
  const external = on === "local" ? undefined : await externalService(endpoint);
  return [local, external].filter((service) => service !== undefined);
}

/** What a run came to. */
interface Report<Results> {
  readonly machine: Machine;
  readonly rounds: number;
  readonly concurrency: number;
  /** Of each benchmark, by its name. */
  readonly results: Results;
}

function show({ title, table, goals }: BenchResult): void {
  console.log(`\n## ${title}\n\n${table}${goals.length > 0 ? "\n" : ""}`);
  for (const goal of goals) console.log(goalLine(goal));
}

function judged({ title, goals, data }: BenchResult) {
  return { title, goals: goals.map((goal) => ({ ...goal, reached: isReached(goal) })), data };
}

function write({ jsonFile }: BenchOptions, report: Report<unknown>): void {
  const text = `${JSON.stringify(report, null, 2)}\n`;
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(":", "-")}.json`);
  for (const path of [file, ...(jsonFile === undefined ? [] : [jsonFile])]) writeFileSync(path, text);
  console.log(`\nAll figures: ${file}`);
}
