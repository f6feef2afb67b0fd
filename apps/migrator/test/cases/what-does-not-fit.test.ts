import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig, type Route } from "@bucketferry/config";
import { memory } from "@bucketferry/storage-core/memory";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stagesOver, type Stages } from "../in-process.ts";

let directory: string;
let stages: Stages | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "bucketferry-fit-"));
});
afterEach(async () => {
  await stages?.close();
  rmSync(directory, { recursive: true, force: true });
});

async function openWith(sides: Pick<Route, "source" | "target">): Promise<Stages> {
  const side = { adapter: "memory" };
  const config = await parseConfig(
    { ledger: "sqlite:ledger.db", routes: [{ name: "route", source: side, target: { ...side, bucket: "target" } }] },
    join(directory, "bucketferry.config.json"),
  );
  const route: Route = {
    name: "route",
    ...sides,
    targetKey: (key) => key,
    sourceIdentity: "source",
    targetIdentity: "target",
    close: () => Promise.resolve(),
  };
  stages = await stagesOver(config, [route]);
  return stages;
}

it("S21 an object that is larger than the target takes is refused by the plan, with both sizes, and never sent", async () => {
  const source = memory({ bucket: "source" });
  const target = memory({ bucket: "target", capabilities: { maxObjectBytes: 1_000, maxPutBytes: 1_000 } });
  await source.put("fits", Buffer.alloc(1_000, "a"));
  await source.put("too-large", Buffer.alloc(1_001, "a"));
  const opened = await openWith({ source, target });
  expect(await opened.plan()).toMatchObject({ refused: 1, toCopy: { objects: 1 } });
  expect(await opened.copy()).toMatchObject({ copied: 1, failed: 0 });
  expect(await target.exists("too-large")).toBe(false);
  const record = (await opened.ledger.objects.find("route", ["too-large"])).get("too-large");
  expect(record).toMatchObject({ state: "failed", reason: "too-large", errorCode: "Refused" });
  expect(record?.errorMessage).toBe("The object has 1001 bytes, the target takes 1000.");
  expect(opened.events).toContainEqual(expect.objectContaining({ key: "too-large", reason: "too-large" }));
});

it("S21 an object that grew after the plan, beyond what the target takes, fails alone and is never sent", async () => {
  const source = memory({ bucket: "source" });
  const target = memory({ bucket: "target", capabilities: { maxObjectBytes: 1_000, maxPutBytes: 1_000 } });
  await source.put("a", "1");
  await source.put("grows", "1");
  const opened = await openWith({ source, target });
  await opened.plan();
  await source.put("grows", Buffer.alloc(1_001, "a"));
  expect(await opened.copy()).toMatchObject({ copied: 1, failed: 1 });
  expect(await target.exists("grows")).toBe(false);
  expect((await opened.ledger.objects.find("route", ["grows"])).get("grows")).toMatchObject({ errorCode: "TooLarge" });
});

it("S27 older versions that a source keeps never show: each key counts once, with the bytes that it has now", async () => {
  const source = memory({ bucket: "source", versions: true });
  const target = memory({ bucket: "target" });
  await source.put("kept", "first");
  await source.put("kept", "second");
  await source.put("deleted", "first");
  await source.delete("deleted");
  const opened = await openWith({ source, target });
  expect((await opened.plan()).toCopy.objects).toBe(1);
  await opened.copy();
  expect(await opened.verify("deep")).toMatchObject({ verified: 1 });
  expect(await (await target.get("kept")).text()).toBe("second");
  expect(await target.exists("deleted")).toBe(false);
});
