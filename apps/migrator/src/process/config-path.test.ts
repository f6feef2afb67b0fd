import { expect, it } from "vitest";
import { configPath } from "./config-path.ts";

const here = (files: readonly string[], initialCwd?: string) => ({
  cwd: "/repo/apps/migrator",
  initialCwd,
  exists: (path: string) => files.includes(path),
});

it.each([
  ["/etc/b.json", here([]), "/etc/b.json"],
  ["b.json", here([]), "/repo/apps/migrator/b.json"],
  ["b.json", here([], "/home/me/app"), "/home/me/app/b.json"],
  [undefined, here(["/repo/apps/migrator/bucketferry.config.json"]), "/repo/apps/migrator/bucketferry.config.json"],
  [
    undefined,
    here(["/home/me/app/bucketferry.config.json", "/repo/apps/migrator/bucketferry.config.ts"], "/home/me/app"),
    "/home/me/app/bucketferry.config.json",
  ],
] as const)("--config %s in %j is %s", (option, surroundings, path) => {
  expect(configPath(option, surroundings)).toBe(path);
});

it("says which names it looked for when there is none", () => {
  expect(() => configPath(undefined, here([]))).toThrow(/bucketferry\.config\.ts, .*\/repo\/apps\/migrator/);
});
