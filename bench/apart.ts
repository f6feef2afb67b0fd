import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchOptions } from "./options.ts";

/**
 * Runs one benchmark in a process of its own, and gives what it wrote. Some measure the memory of the process that they run in, which
 * keeps what others before have made it grow to.
 * @throws Error when it failed, which it has said
 */
export function runApart(name: string, options: BenchOptions, folder: string): unknown {
  const jsonFile = join(folder, `${name}.json`);
  const args = [name, "--as-built", "--json", jsonFile, ...argumentsOf(options)];
  const { status, signal } = spawnSync(
    process.execPath,
    [...process.execArgv, join(import.meta.dirname, "main.ts"), ...args],
    {
      stdio: "inherit",
    },
  );
  if (status !== 0) throw new Error(`The benchmark ${name} ended with ${signal ?? status}.`);
  return JSON.parse(readFileSync(jsonFile, "utf8"));
}

/** What is said of all benchmarks, as a command line says it. */
export function argumentsOf(options: BenchOptions): string[] {
  const { rounds, objects, sizeBytes, concurrency, endpoint, on, reclaim } = options;
  const given = { rounds, objects, size: sizeBytes, concurrency, endpoint, on, reclaim };
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
}
