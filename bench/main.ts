/**
 * `pnpm bench [NAME…]`: measurements that are run and read, never asserted. Figures are CPU time or ratios within one run, since a
 * machine that is shared tells little else.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const BENCHES: Readonly<Record<string, string>> = {
  "request-cost": "CPU of one small S3 request, our data lane against the AWS SDK's",
  "ledger-states": "states that the ledger records and reads",
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(", ")}; there are: ${Object.keys(BENCHES).join(", ")}.`);
  process.exitCode = 2;
} else {
  for (const [name, what] of Object.entries(BENCHES)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    console.log(`\n${name}: ${what}`);
    const program = join(import.meta.dirname, `${name}.ts`);
    const { status } = spawnSync(process.execPath, [...process.execArgv, program], { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}
