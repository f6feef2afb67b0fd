import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

/** Builds every package that is published and asks publint and attw whether somebody else could use it. */
export function checkPackages(): boolean {
  const published = globSync("{packages,apps}/*/package.json")
    .toSorted()
    .filter((file) => !(JSON.parse(readFileSync(file, "utf8")) as { private?: boolean }).private)
    .map((file) => dirname(file));
  if (!runs(".", "tsc", "--build", ...published) || !runs(".", "node", "tools/bundle-cli.ts")) return false;
  return published.map((folder) => fitsForOthers(folder)).every(Boolean);
}

function fitsForOthers(folder: string): boolean {
  const ok = runs(folder, "publint", "--strict") && runs(folder, "attw", "--pack", ".", "--profile", "esm-only");
  if (!ok) console.error(`${folder} is not fit to be published.`);
  return ok;
}

function runs(cwd: string, command: string, ...args: string[]): boolean {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`);
  return status === 0;
}
