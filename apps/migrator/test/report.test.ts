import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { cli } from "./cli.ts";

it("L9 the report lists as many objects as it is asked for, page by page, each once and in key order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bucketferry-report-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const side of ["from", "to"]) mkdirSync(join(folder, side));
  const keys = Array.from({ length: 2_100 }, (_, i) => `lecture-${String(i).padStart(4, "0")}`);
  for (const key of keys) writeFileSync(join(folder, "from", key), key);
  const config = join(folder, "bucketferry.config.json");
  const side = (name: string) => ({ adapter: "fs", directory: join(folder, name) });
  writeFileSync(config, JSON.stringify({ routes: [{ name: "all", source: side("from"), target: side("to") }] }));
  expect((await cli(["plan", "-c", config])).code).toBe(0);

  const listed = async (limit: number): Promise<unknown[]> => {
    const { events } = await cli(["report", "-c", config, "--json", "--limit", String(limit)]);
    return events.filter(({ type }) => type === "object").map((event) => event["key"]);
  };

  expect(await listed(2_050)).toEqual(keys.slice(0, 2_050));
  expect(await listed(5_000)).toEqual(keys);
});
