import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { isAlive, thisProcess } from "./process-identity.ts";

it("knows itself as alive", () => {
  expect(isAlive(thisProcess())).toBe(true);
});

it("L4 knows a process that has ended as dead", async () => {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  expect(isAlive({ pid: child.pid ?? 0, processStart: "1" })).toBe(false);
});

it.skipIf(process.platform !== "linux")("L4 knows a later process with the same pid from the owner", () => {
  expect(isAlive({ pid: process.pid, processStart: "1" })).toBe(false);
});
