import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LedgerError } from "@bucketferry/ledger";
import { openTestLedger, planned, ROUTE, temporaryFolder } from "./ledger-fixture.ts";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "deep", "ledger.db");
});
afterEach(() => folder.remove());

async function refusal(opening: Promise<{ close(): Promise<void> }>): Promise<LedgerError> {
  return opening.then(
    async (ledger) => {
      await ledger.close();
      throw new Error("the ledger was opened");
    },
    (error: LedgerError) => error,
  );
}

describe("opening a ledger", () => {
  it("makes the file with its folder, and finds what was recorded again", async () => {
    const first = await openTestLedger(path);
    await first.objects.write([planned("a"), planned("b")]);
    await first.close();
    const again = await openTestLedger(path);
    expect(await again.objects.count()).toEqual([{ route: "audio", state: "planned", objects: 2, bytes: 20 }]);
    await again.close();
  });

  it("refuses to read one that is not there, and makes nothing", async () => {
    expect(await refusal(openTestLedger(path, { mode: "read" }))).toMatchObject({
      code: "NotFound",
      message: `There is no ledger at ${path}.`,
    });
  });

  it("L7 refuses the ledger of another target, with both fingerprints, even when told to accept routes", async () => {
    const first = await openTestLedger(path);
    const { fingerprint } = first;
    await first.close();
    const other = { ...ROUTE, targetIdentity: "s3 us-east-1 elsewhere" };
    const error = await refusal(openTestLedger(path, { routes: [other], acceptRoutes: true }));
    expect(error.code).toBe("OtherRun");
    expect(error.message).toContain(fingerprint);
    expect(error.message).toMatch(/the configuration [0-9a-f]{12}/);
    expect(error.message).toContain("elsewhere");
  });

  it("L7 takes one more route only when asked to, and remembers that", async () => {
    await (await openTestLedger(path)).close();
    const more = [ROUTE, { name: "images", sourceIdentity: "fs /a", targetIdentity: "fs /b" }];
    expect(await refusal(openTestLedger(path, { routes: more }))).toMatchObject({ code: "OtherRun" });
    await (await openTestLedger(path, { routes: more, acceptRoutes: true })).close();
    await (await openTestLedger(path, { routes: more })).close();
    expect(await refusal(openTestLedger(path))).toMatchObject({ code: "OtherRun" });
    await (await openTestLedger(path, { acceptRoutes: true })).close();
    await (await openTestLedger(path)).close();
  });

  it("L7 a route that is left out counts for nothing, and takes its place again as it was", async () => {
    const both = [ROUTE, { ...ROUTE, name: "covers", sourceIdentity: "supabase https://ref.supabase.co covers" }];
    const first = await openTestLedger(path, { routes: both });
    await first.objects.write([planned("a"), { ...planned("b"), route: "covers" }]);
    await first.close();

    const without = await openTestLedger(path, { acceptRoutes: true });
    expect(await without.objects.count()).toEqual([{ route: "audio", state: "planned", objects: 1, bytes: 10 }]);
    expect(await without.objects.countByReason(["planned"])).toHaveLength(1);
    await without.close();

    const again = await openTestLedger(path, { routes: both });
    expect((await again.objects.count()).map(({ route, objects }) => [route, objects])).toEqual([
      ["audio", 1],
      ["covers", 1],
    ]);
    await again.close();
  });

  it.each(["write", "read"] as const)("L13 refuses a ledger of a newer schema to %s", async (mode) => {
    await (await openTestLedger(path)).close();
    const raw = new Database(path);
    raw.exec("insert into kysely_migration (name, timestamp) values ('0999-later', '2030-01-01T00:00:00Z')");
    raw.close();
    const error = await refusal(openTestLedger(path, { mode }));
    expect(error.code).toBe("NewerSchema");
    expect(error.message).toMatch(/has schema 0999-later.*up to 0003-part-digests/);
  });

  it("L6 refuses a file that is no database", async () => {
    mkdirSync(join(folder.path, "deep"));
    writeFileSync(path, "lecture,audio_url\n1,https://example.com\n");
    expect(await refusal(openTestLedger(path))).toMatchObject({ code: "NotALedger" });
  });

  it("L6 refuses another program's database, and does not touch it", async () => {
    mkdirSync(join(folder.path, "deep"));
    const raw = new Database(path);
    raw.exec("create table users (id integer)");
    raw.close();
    expect(await refusal(openTestLedger(path))).toMatchObject({ code: "NotALedger" });
    const after = new Database(path);
    expect(after.pragma("journal_mode", { simple: true })).toBe("delete");
    after.close();
  });

  it("L6 refuses a damaged file", async () => {
    const ledger = await openTestLedger(path);
    await ledger.objects.write(Array.from({ length: 5_000 }, (_, i) => planned(`key-${String(i).padStart(6, "0")}`)));
    await ledger.close();
    const file = openSync(path, "r+");
    for (let page = 8; page < 200; page += 3) writeSync(file, Buffer.alloc(2_000, 0xa5), 0, 2_000, page * 4096);
    closeSync(file);
    expect(await refusal(openTestLedger(path))).toMatchObject({ code: "Corrupt" });
  });

  it("L6 says so when the folder cannot be made", async () => {
    writeFileSync(join(folder.path, "deep"), "a file");
    expect(await refusal(openTestLedger(path))).toMatchObject({ code: "ReadOnly" });
  });

  it("refuses to write one that was opened to read, and anything after it was closed", async () => {
    await (await openTestLedger(path)).close();
    const reader = await openTestLedger(path, { mode: "read" });
    await expect(reader.objects.write([planned("a")])).rejects.toMatchObject({ code: "ReadOnly" });
    await reader.close();
    await reader.close();
    await expect(reader.objects.count()).rejects.toMatchObject({ code: "Closed" });
  });

  it("L4 two processes that make one ledger at once leave one owner", async () => {
    const program = join(import.meta.dirname, "programs/hold-ledger.ts");
    const children = ["one", "two"].map(() =>
      spawn(process.execPath, ["--conditions=@bucketferry/source", program, path]),
    );
    const outcomes = await Promise.all(
      children.map((child) =>
        Promise.race([once(child.stdout, "data").then(() => "held"), once(child, "exit").then(() => "refused")]),
      ),
    );
    for (const child of children) child.kill("SIGKILL");
    expect(outcomes.sort()).toEqual(["held", "refused"]);
  });
});
