/**
 * `pnpm bench [NAME…] [OPTIONS]`: measurements that are run and read, never asserted. Figures are CPU time or ratios within one run,
 * since a machine that is shared tells little else. README.md says what is measured, and how.
 */
import { execSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  await run(options);
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

async function run(options: BenchOptions): Promise<void> {
  const { names, rounds, objects, sizeBytes, concurrency, reclaim } = options;
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
  const results: Record<string, BenchResult[]> = {};
  try {
    for (const [name, bench] of Object.entries(BENCHES)) {
      if (names.length > 0 && !names.includes(name)) continue;
      process.stderr.write(`${name}\n`);
      console.log(`\n# ${name}: ${bench.what}`);
      const shown: BenchResult[] = [];
      results[name] = shown;
      for await (const result of bench.run(context)) {
        show(result);
        shown.push(result);
      }
    }
  } finally {
    for (const service of services) await service.close();
    rmSync(folder, { recursive: true, force: true });
  }
  write(options, { machine: about, rounds, concurrency, results });
}

async function runningServices({ on, endpoint }: BenchOptions): Promise<RunningService[]> {
  const local = on === "external" ? undefined : await localService();
  const external = on === "local" ? undefined : await externalService(endpoint);
  return [local, external].filter((service) => service !== undefined);
}

/** What a run came to. */
interface Report {
  readonly machine: Machine;
  readonly rounds: number;
  readonly concurrency: number;
  readonly results: Readonly<Record<string, readonly BenchResult[]>>;
}

function show({ title, table, goals }: BenchResult): void {
  console.log(`\n## ${title}\n\n${table}${goals.length > 0 ? "\n" : ""}`);
  for (const goal of goals) console.log(goalLine(goal));
}

function write({ jsonFile }: BenchOptions, report: Report): void {
  const judged = Object.fromEntries(
    Object.entries(report.results).map(([name, results]) => [
      name,
      results.map(({ title, goals, data }) => ({
        title,
        goals: goals.map((goal) => ({ ...goal, reached: isReached(goal) })),
        data,
      })),
    ]),
  );
  const text = `${JSON.stringify({ ...report, results: judged }, null, 2)}\n`;
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${new Date().toISOString().replaceAll(":", "-")}.json`);
  for (const path of [file, ...(jsonFile === undefined ? [] : [jsonFile])]) writeFileSync(path, text);
  console.log(`\nAll figures: ${file}`);
}
