/** `pnpm generate`: writes every generated document anew. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";

for (const generator of globSync("tools/generate/*.ts").toSorted()) {
  const { status } = spawnSync("node", ["--conditions=@bucketferry/source", generator], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
