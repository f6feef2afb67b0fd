import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

/** Each generator under tools/generate writes a document, and with `--check` says whether it is up to date. */
export function checkGenerated(): boolean {
  return globSync("tools/generate/*.ts")
    .toSorted()
    .map((generator) => {
      const { status } = spawnSync("node", ["--conditions=@bucketferry/source", generator, "--check"], {
        stdio: "inherit",
      });
      return status === 0;
    })
    .every(Boolean);
}
