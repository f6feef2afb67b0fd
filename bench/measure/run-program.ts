import { join } from "node:path";
import { runMeasured, type Cost } from "./run-measured.ts";

/** Runs a program of this folder, which says what it measured as the last line of its stdout, in JSON. */
export async function runProgram<Figures>(
  program: string,
  ...args: readonly (string | number)[]
): Promise<Cost & { readonly figures: Figures }> {
  const { stdout, ...cost } = await runMeasured({
    program: process.execPath,
    args: ["--conditions=@bucketferry/source", join(import.meta.dirname, "..", program), ...args.map(String)],
  });
  return { ...cost, figures: JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Figures };
}
