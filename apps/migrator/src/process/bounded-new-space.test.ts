import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const MODULE = pathToFileURL(join(import.meta.dirname, "bounded-new-space.ts")).href;

/** How large the space for new values becomes while values are made that live for a moment, in a process of its own. */
async function grownMiB(around: string): Promise<number> {
  const program = `
    import { getHeapSpaceStatistics } from "node:v8";
    import { setTimeout as sleep } from "node:timers/promises";
    import { withBoundedNewSpace } from ${JSON.stringify(MODULE)};
    const alone = (work) => work();
    let most = 0;
    await ${around}(async () => {
      const alive = new Array(200_000);
      let next = 0;
      // Slowly, so that several looks fall between two growths.
      for (let step = 0; step < 600; step++) {
        for (let i = 0; i < 4_000; i++) alive[next++ % alive.length] = { step, text: "value " + i };
        most = Math.max(most, getHeapSpaceStatistics().find((one) => one.space_name === "new_space").space_size);
        await sleep(4);
      }
    });
    console.log(most / 1024 ** 2);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
  return Number(stdout);
}

it("keeps the space for new values small, which else becomes large", async () => {
  const [bounded, unbounded] = await Promise.all([grownMiB("withBoundedNewSpace"), grownMiB("alone")]);
  expect(bounded).toBeGreaterThan(0);
  expect(bounded).toBeLessThan(unbounded);
});
