/**
 * `pnpm check`: everything that can be said about the code without starting a server, fastest first.
 * Runs all of it even when something fails, so that one run tells all. `pnpm check NAME…` runs only these.
 */
import { spawnSync } from "node:child_process";
import { checkSnippets } from "./check/snippets.ts";
import { checkPackages } from "./check/packages.ts";
import { checkGenerated } from "./check/generated.ts";

type Check = () => boolean;

const CHECKS: Readonly<Record<string, Check>> = {
  format: () => run("oxfmt", "--check", "."),
  lint: () => run("oxlint", "--type-aware", "--deny-warnings"),
  types: () => run("tsc", "--noEmit"),
  "dead code": () => run("knip", "--no-config-hints"),
  documents: checkSnippets,
  generated: checkGenerated,
  packages: checkPackages,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`No check is called ${unknown.join(", ")}; there are: ${Object.keys(CHECKS).join(", ")}.`);
  process.exit(2);
}

const failed: string[] = [];
for (const [name, check] of Object.entries(CHECKS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const started = performance.now();
  const ok = check();
  console.log(`${ok ? "ok  " : "FAIL"} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (!ok) failed.push(name);
}
if (failed.length > 0) console.error(`\ncheck failed: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "inherit" }).status === 0;
}
