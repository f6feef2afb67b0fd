import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fs } from "./index.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
});

afterEach(() => rm(directory, { recursive: true }));

/** More than the threads that all files of a process share: https://nodejs.org/api/cli.html#uv_threadpool_sizesize. */
const READERS = 8;

test.skipIf(process.platform === "win32")(
  "a pipe that somebody put there is no object, and holds nobody up",
  async () => {
    execFileSync("mkfifo", [join(directory, "pipe")]);
    const files = fs({ directory, durable: false });
    await files.put("object", "x");
    const reads: readonly (() => Promise<unknown>)[] = [() => files.head("pipe"), () => files.get("pipe")];
    for (const read of reads) {
      const outcomes = await Promise.allSettled(Array.from({ length: READERS }, read));
      expect(
        outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as { code: string }).code),
      ).toEqual(Array.from({ length: READERS }, () => "NotFound"));
    }
    expect(await (await files.get("object")).text()).toBe("x");
    await files.close();
  },
);
