import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fs } from "./index.ts";

test("puts and deletes that share a folder never lose it to each other", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bucketferry-fs-"));
  const files = fs({ directory, durable: true });
  const churn = async (name: string): Promise<void> => {
    for (let round = 0; round < 150; round += 1) {
      await files.put(`deep/er/folder/${name}`, name, { metadata: { round: String(round) } });
      const { metadata } = await files.head(`deep/er/folder/${name}`);
      expect(metadata).toEqual({ round: String(round) });
      await files.delete(`deep/er/folder/${name}`);
    }
  };
  await Promise.all(["a", "b", "c", "d"].map(churn));
  expect(await Array.fromAsync(files.list())).toEqual([]);
  await files.close();
  await rm(directory, { recursive: true });
});
