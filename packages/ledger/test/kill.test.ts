import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { collect, openTestLedger, ROUTE, temporaryFolder } from "./ledger-fixture.ts";

const KILL_AFTER_LINES = [1, 137, 2_000, 6_500];

it.each(KILL_AFTER_LINES)(
  "L1 a ledger keeps everything that counted as stored when its process is killed after %d steps",
  async (lines) => {
    const folder = temporaryFolder();
    const path = join(folder.path, "ledger.db");
    const child = spawn(process.execPath, [
      "--conditions=@bucketferry/source",
      join(import.meta.dirname, "programs/write-for-ever.ts"),
      path,
    ]);
    // It writes for ever: also when this test fails before its turn has come.
    onTestFinished(() => void child.kill("SIGKILL"));
    const told = new Map<string, string>();
    let count = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [state = "", key = ""] = line.split(" ");
      told.set(key, state);
      if (++count === lines) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    expect(child.signalCode).toBe("SIGKILL");

    const ledger = await openTestLedger(path);
    expect(ledger.checkIntegrity()).toEqual([]);
    const stored = new Map((await collect(ledger.objects.walk({ route: ROUTE.name }))).map((o) => [o.key, o]));
    for (const [key, state] of told) {
      // The last line may be cut; a stored object may be one step further than what was told of it.
      if (key.length < 9) continue;
      expect(["copied", state]).toContain(stored.get(key)?.state);
    }
    for (const object of stored.values()) expect(object.sha256).toBe(object.state === "copied" ? object.key : null);
    await ledger.close();
    folder.remove();
  },
);
