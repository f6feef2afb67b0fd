import { spawn } from "node:child_process";
import { join } from "node:path";
import { command } from "./say.ts";

const CLI = join(import.meta.dirname, "../../apps/migrator/src/cli.ts");

/** Runs the real command line as a process of its own, so that what is shown is what a user would see. */
export function bucketferry(environment: Readonly<Record<string, string>>, config: string) {
  return async (...args: readonly string[]): Promise<void> => {
    command(args.join(" "));
    const child = spawn(process.execPath, ["--conditions=@bucketferry/source", CLI, ...args, "--config", config], {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...environment },
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (code !== 0) throw new Error(`bucketferry ${args.join(" ")} ended with exit code ${code}`);
  };
}
