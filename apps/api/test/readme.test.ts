import { execFile, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, it } from "vitest";
import { requireEngine } from "@bucketferry/local-servers";

const README = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "bucketferry-walk-"));
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
  rmSync(folder, { recursive: true, force: true });
});

it("the walk in the README works line by line, on a service that nothing was configured for", async (context) => {
  const curl = await promisify(execFile)("curl", ["--version"]).then(
    () => "curl",
    () => undefined,
  );
  if (requireEngine("curl", curl, "Install curl.") === undefined) return context.skip("no curl");
  const walk = /```sh walk\n(.*?)```/s.exec(README)?.[1] ?? "";
  const lines = walk.trim().split("\n");
  expect(lines[0]).toBe("API=http://127.0.0.1:8787");
  expect(README).toContain("pnpm --filter api start\n");
  copyFileSync(join(import.meta.dirname, "support/lecture.m4a"), join(folder, "lecture.m4a"));

  // What `pnpm --filter api start` runs, in an empty folder and on a free port.
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as {
    scripts: { start: string };
  };
  const [, ...args] = scripts.start
    .split(" ")
    .map((arg) => arg.replace(/^src\//, `${join(import.meta.dirname, "../src")}/`));
  const { PATH } = process.env;
  const service = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  ends.push(() => service.kill("SIGKILL"));
  const url = await new Promise<string>((resolve, reject) => {
    let printed = "";
    service.once("exit", (code) => reject(new Error(`The service ended with ${code}.`)));
    service.stdout.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
      const found = /"url":"([^"]+)"/.exec(printed)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  const script = [`API=${url}`, ...lines.slice(1)].flatMap((line) => [line, "echo; echo ----"]).join("\n");
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], { cwd: folder });
  const outputs = stdout.split("\n----\n").map((output) => output.trim());

  expect(JSON.parse(outputs[1] ?? "")).toMatchObject({ status: "ok" });
  const uploaded = JSON.parse(outputs[3] ?? "") as { audioUrl: string };
  expect(uploaded.audioUrl).toMatch(/\/files\/audio\/[0-9a-f-]+_[0-9a-f-]+\.m4a$/);
  expect(outputs[4]).toMatch(/^HTTP\/1\.1 206 [^]*content-range: bytes 0-15\/13536/i);
  expect(readFileSync(join(folder, "first-bytes.bin"))).toHaveLength(16);
  const lecture = JSON.parse(outputs[5] ?? "") as { status: string; durationSeconds: number; codec: string };
  expect(lecture).toMatchObject({ status: "ready", codec: "MPEG-4/AAC" });
  expect(lecture.durationSeconds).toBeCloseTo(3, 0);
  expect(outputs[6]).toContain("swagger-ui-bundle.js");

  const ended = new Promise((resolve) => service.once("exit", resolve));
  service.removeAllListeners("exit");
  service.once("exit", () => undefined);
  service.kill("SIGTERM");
  await Promise.race([ended, new Promise((resolve) => service.once("close", resolve))]);
  expect(service.exitCode).toBe(0);
});
