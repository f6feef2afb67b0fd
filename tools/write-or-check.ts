import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

/** Writes a generated document; with `--check`, only says whether it is what it would write. */
export function writeOrCheck(file: string, text: string): void {
  const formatted = spawnSync("oxfmt", ["--stdin-filepath", file], { input: text, encoding: "utf8" }).stdout || text;
  if (!process.argv.includes("--check")) {
    writeFileSync(file, formatted);
    return;
  }
  let now = "";
  try {
    now = readFileSync(file, "utf8");
  } catch {
    // Not written yet: as wrong as out of date.
  }
  if (now === formatted) return;
  console.error(`${file} is out of date: run \`pnpm generate\`.`);
  process.exitCode = 1;
}
