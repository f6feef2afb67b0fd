import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { thisProcess } from "@bucketferry/ledger";
import { openTestLedger, planned, temporaryFolder } from "./ledger-fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "ledger.db");
});
afterEach(() => folder.remove());

const ELSEWHERE = { ...thisProcess(), host: "other-host", hostIdentity: "other-host boot-2" };

describe("the lock of a ledger", () => {
  it("L4 refuses a second migrator and names the first", async () => {
    const first = await openTestLedger(path, { command: "copy" });
    const error: unknown = await openTestLedger(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "Held",
      message: expect.stringContaining(`process ${process.pid} on ${hostname()} (copy)`),
    });
    await first.close();
    const second = await openTestLedger(path);
    expect(second.taken).toBe("free");
    await second.close();
  });

  it("L4 lets others read meanwhile, who see the owner", async () => {
    const first = await openTestLedger(path, { command: "copy" });
    await first.objects.write([planned("a")]);
    const reader = await openTestLedger(path, { mode: "read" });
    expect(await reader.owner()).toMatchObject({ pid: process.pid, command: "copy" });
    expect(await reader.objects.page({ route: "audio" })).toHaveLength(1);
    await reader.close();
    await first.close();
  });

  it.each([
    ["removed", (file: string) => rmSync(file)],
    [
      "replaced by another one",
      (file: string) => {
        renameSync(file, `${file}.old`);
        copyFileSync(`${file}.old`, file);
      },
    ],
  ])("whose file was %s takes no write any more, and says so", async (_, change) => {
    const ledger = await openTestLedger(path);
    await ledger.objects.write([planned("a")]);
    change(path);
    await expect(ledger.objects.write([planned("b")])).rejects.toMatchObject({
      code: "Lost",
      message: expect.stringContaining("removed or replaced"),
    });
    expect(ledger.lost.aborted).toBe(true);
    await ledger.close();
  });

  it("L4 of a killed process on this host is taken over at once", async () => {
    const child = spawn(process.execPath, [
      "--conditions=@bucketferry/source",
      join(import.meta.dirname, "programs/hold-ledger.ts"),
      path,
    ]);
    await once(child.stdout, "data");
    await expect(openTestLedger(path)).rejects.toMatchObject({ code: "Held" });
    child.kill("SIGKILL");
    await once(child, "exit");
    const heir = await openTestLedger(path);
    expect(heir.taken).toBe("owner-dead");
    await heir.close();
  });

  it("L4 of another host is taken over when its lease is over, not before", async () => {
    let clock = 1_000_000;
    const now = () => clock;
    const first = await openTestLedger(path, { owner: ELSEWHERE, leaseMs: 30_000, now });
    clock += 30_000;
    await expect(openTestLedger(path, { now })).rejects.toMatchObject({ code: "Held" });
    clock += 1;
    const heir = await openTestLedger(path, { now });
    expect(heir.taken).toBe("lease-over");
    await heir.close();
    await first.close();
  });

  it("L5 that was lost stops the one who slept: its batch is refused as a whole, and its signal says why", async () => {
    let clock = 1_000_000;
    const now = () => clock;
    const sleeper = await openTestLedger(path, { owner: ELSEWHERE, leaseMs: 30_000, now });
    await sleeper.objects.write([planned("before")]);
    clock += 60_000;
    const heir = await openTestLedger(path, { now, command: "verify" });

    const error: unknown = await sleeper.objects.write([planned("late")]).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "Lost", message: expect.stringContaining("(verify)") });
    expect(sleeper.lost.aborted).toBe(true);
    expect(sleeper.lost.reason).toBe(error);
    expect((await heir.objects.page({ route: "audio" })).map((object) => object.key)).toEqual(["before"]);

    // Closing must not give away the lock of the other one.
    await sleeper.close();
    await expect(openTestLedger(path, { now })).rejects.toMatchObject({ code: "Held" });
    await heir.close();
  });

  it("L5 is found lost by the heartbeat alone", async () => {
    let clock = 1_000_000;
    const now = () => clock;
    const sleeper = await openTestLedger(path, { owner: ELSEWHERE, leaseMs: 60, now });
    clock += 60_000;
    const heir = await openTestLedger(path, { now });
    if (!sleeper.lost.aborted) await once(sleeper.lost, "abort");
    expect(sleeper.lost.reason).toMatchObject({ code: "Lost" });
    await sleeper.close();
    await heir.close();
  });
});
