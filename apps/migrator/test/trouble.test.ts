import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, type CliResult } from "./cli.ts";
import { openWorld, seed, type ConfigFile, type World } from "./world.ts";

/** One world for all: none of these commands gets as far as changing anything. */
let world: World;
beforeAll(async () => {
  world = await openWorld();
  await seed(world, 3);
});
afterAll(() => world.close());

async function withConfig(change: (config: ConfigFile) => void, ...args: string[]): Promise<CliResult> {
  world.configure(change);
  return cli([...args, "--json", "--config", world.configFile]);
}

/** What a failed command says of its failure: in the last two lines and by its exit code. */
function failureOf(result: CliResult): object {
  return { exitCode: result.code, summary: result.summary, event: result.events.at(-2) };
}

function failure(exitCode: number, code: string, message: RegExp): object {
  const told = { code, message: expect.stringMatching(message) };
  return {
    exitCode,
    summary: expect.objectContaining({ type: "summary", exitCode, error: expect.objectContaining(told) }),
    event: expect.objectContaining({ type: "error", ...told }),
  };
}

const fresh = (name: string) => (config: ConfigFile) => {
  config.ledger = `sqlite:${name}.db`;
};

describe("what cannot work ends with a sentence, a hint and the exit code of its kind:", () => {
  it("no configuration", async () => {
    const result = await cli(["plan", "--json"], { cwd: world.directory.replace(/[^/]+$/, "") });
    expect(failureOf(result)).toEqual(failure(2, "NoConfiguration", /bucketferry\.config\.ts/));
  });

  it("a configuration with problems, all of them at once", async () => {
    const result = await withConfig((config) => {
      config["copy"] = { concurrency: 0 };
      delete config.routes[0]?.target["bucket"];
    }, "plan");
    expect(failureOf(result)).toEqual(failure(2, "ConfigError", /2 problems/));
    const problems = (result.summary["error"] as { problems: { path: string }[] }).problems;
    expect(problems.map((problem) => problem.path)).toEqual(["copy.concurrency", "routes[0].target.bucket"]);
  });

  it("S13 S15 wrong credentials, without a word about them", async () => {
    const result = await withConfig((config) => {
      fresh("wrong-credentials")(config);
      Object.assign(config.routes[0]?.source ?? {}, { secretAccessKey: "NotTheRealSecretKey" });
    }, "plan");
    expect(failureOf(result)).toEqual(failure(2, "Unauthenticated", /./));
    expect(result.stdout + result.stderr).not.toContain("NotTheRealSecretKey");
    expect((result.summary["error"] as { hint: string }).hint).toMatch(/doctor|credentials|secret/i);
  });

  it("a bucket that does not exist", async () => {
    const result = await withConfig((config) => {
      fresh("missing-bucket")(config);
      Object.assign(config.routes[0]?.target ?? {}, { bucket: "nobody-made-this" });
    }, "plan");
    expect(failureOf(result)).toEqual(failure(2, "BucketNotFound", /nobody-made-this/));
    expect((result.summary["error"] as { hint: string }).hint).toMatch(/bucketferry setup/);
  });

  it("a service that nobody answers at", async () => {
    const result = await withConfig((config) => {
      fresh("nobody")(config);
      config["copy"] = { maxAttempts: 1 };
      Object.assign(config.routes[0]?.target ?? {}, { endpoint: "http://127.0.0.1:9" });
    }, "plan");
    expect(failureOf(result)).toEqual(failure(1, "Unavailable", /./));
  });

  it("L7 a ledger of another target, both fingerprints shown", async () => {
    await withConfig(fresh("run-one"), "plan");
    const result = await withConfig((config) => {
      fresh("run-one")(config);
      Object.assign(config.routes[0]?.target ?? {}, { prefix: "elsewhere/" });
    }, "plan");
    expect(failureOf(result)).toEqual(
      failure(2, "LedgerOtherRun", /fingerprint [0-9a-f]{12}, the configuration [0-9a-f]{12}/),
    );
  });

  it("L6 a ledger that is no ledger", async () => {
    writeFileSync(join(world.directory, "notes.db"), "these are my notes, and no database at all\n".repeat(10));
    expect(failureOf(await withConfig(fresh("notes"), "plan"))).toEqual(
      failure(2, "LedgerNotALedger", /not a SQLite database/),
    );
    expect(readFileSync(join(world.directory, "notes.db"), "utf8")).toMatch(/^these are my notes/);
  });

  it("a ledger that nobody made yet", async () => {
    expect(failureOf(await withConfig(fresh("not-made"), "status"))).toEqual(
      failure(2, "LedgerNotFound", /There is no ledger/),
    );
  });

  it("an app database that cannot be read", async () => {
    const notes = join(world.directory, "app.db");
    writeFileSync(notes, "id,url\n1,https://example.com\n".repeat(40));
    const result = await withConfig((config) => {
      config["database"] = { url: "sqlite:app.db" };
    }, "scan");
    expect(result.code).toBe(2);
    expect(result.summary).toMatchObject({ error: { code: expect.stringMatching(/^Database-/) } });
  });

  it("no app database at all, where one is needed", async () => {
    expect(failureOf(await withConfig(fresh("no-database"), "scan"))).toEqual(
      failure(2, "NoDatabase", /names no database/),
    );
  });

  it.each([["--nonsense"], ["fly"], ["copy", "--concurrency", "0"], ["verify", "--quick", "--deep"], ["explain"]])(
    "the command line %j %j",
    async (...args) => {
      const result = await cli(args);
      expect(result.code).toBe(2);
      expect(result.stdout).toBe("");
      expect(result.stderr).toMatch(/error: .+/);
    },
  );
});

describe("a disk that is full", () => {
  // The right to mount is root's, and in a container not even that: one's own view of the mounts needs the same right.
  const mayMount =
    process.platform === "linux" && process.getuid?.() === 0 && spawnSync("unshare", ["--mount", "true"]).status === 0;
  if (!mayMount) console.warn("SKIPPED: a full disk needs a small file system, and only root on Linux may mount one.");

  it.skipIf(!mayMount)("L6 ends the command with a hint, and loses nothing that was recorded", async () => {
    const mount = join(world.directory, "small-disk");
    mkdirSync(mount);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "bucketferry-test", mount]);
    try {
      const ballast = join(mount, "ballast");
      const small = (config: ConfigFile) => {
        config.ledger = "sqlite:small-disk/ledger.db";
      };
      const many = Array.from({ length: 2_000 }, (_, i) => `many/${"x".repeat(100)}${i}`);
      for (const batch of [many.slice(0, 1_000), many.slice(1_000)]) {
        await Promise.all(batch.map((key) => world.route.source.put(key, "")));
      }
      writeFileSync(ballast, Buffer.alloc(300_000));
      const full = await withConfig(small, "plan");
      expect(failureOf(full)).toEqual(failure(1, "LedgerDiskFull", /disk of the ledger is full/));
      expect((full.summary["error"] as { hint: string }).hint).toMatch(/Free some space/);
      execFileSync("mount", ["-o", "remount,size=20m", mount]);
      const again = await withConfig(small, "run", "--yes");
      expect(again.code).toBe(0);
    } finally {
      execFileSync("umount", [mount]);
    }
  });
});
