import { execFileSync, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openTestLedger, planned, ROUTE, temporaryFolder } from "./ledger-fixture.ts";

/** The right to mount is root's, and in a container not even that: one's own view of the mounts needs the same right. */
const mayMount =
  process.platform === "linux" && process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0;
if (!mayMount) console.warn("SKIPPED: a full disk needs a small file system, and only root on Linux may mount one.");

it.skipIf(!mayMount)(
  "L6 a full disk stops the writer with a hint, loses no stored batch, and the run goes on after",
  async () => {
    const folder = temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=3m", "bucketferry-test", folder.path]);
    try {
      const path = join(folder.path, "ledger.db");
      const ballast = join(folder.path, "ballast");
      writeFileSync(ballast, Buffer.alloc(1_500_000));
      const ledger = await openTestLedger(path);
      const told: string[] = [];
      const writer = ledger.writer({ batchSize: 100, onCommitted: (change) => told.push(change.key) });
      const fill = async (): Promise<void> => {
        for (let i = 0; i < 50_000; i++) await writer.add(planned(`key-${String(i).padStart(7, "0")}`));
        await writer.end();
      };
      await expect(fill()).rejects.toMatchObject({
        code: "DiskFull",
        hint: expect.stringContaining("Free some space"),
      });
      await ledger.close();

      rmSync(ballast);
      const again = await openTestLedger(path);
      expect(again.checkIntegrity()).toEqual([]);
      const [count] = await again.objects.count();
      expect(told.length).toBeGreaterThan(0);
      expect(count?.objects).toBe(told.length);
      await again.objects.write([planned("later")]);
      expect((await again.objects.find(ROUTE.name, ["later"])).size).toBe(1);
      await again.close();
    } finally {
      execFileSync("umount", [folder.path]);
      folder.remove();
    }
  },
);
