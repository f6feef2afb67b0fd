import type { Route } from "@bucketferry/config";
import type { EnsureBucketOptions, EnsureBucketReport } from "@bucketferry/storage-core";
import { CommandError } from "../command-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { CommandResult } from "../run-command.ts";
import { withSides, type CommandEnvironment } from "../session.ts";
import { located } from "../located-failure.ts";
import { mayGoOn } from "./may-go-on.ts";

export interface SetupCommandOptions {
  readonly yes: boolean;
}

/** Makes the targets ready; says what it would do before it does it. */
export function setupCommand(environment: CommandEnvironment, options: SetupCommandOptions): Promise<CommandResult> {
  return withSides(environment, ({ routes }) => setupStep(routes, environment, options));
}

export async function setupStep(
  routes: readonly Route[],
  environment: CommandEnvironment,
  options: SetupCommandOptions,
): Promise<CommandResult> {
  const { reporter, interrupt } = environment;
  let steps = 0;
  for (const route of routes) {
    const report = await ensure(route, { dryRun: true, signal: interrupt.drain });
    for (const step of report.steps) {
      steps++;
      reporter.event({ type: "step", route: route.name, bucket: route.target.bucket, step, done: false });
    }
  }
  if (steps === 0) {
    return { exitCode: EXIT.done, counts: { steps: 0, done: 0 }, lines: ["Every target is there; nothing to do."] };
  }
  if (!(await mayGoOn("Do this?", environment, options.yes))) {
    throw new CommandError(EXIT.gate, "NotConfirmed", "Nothing was done.", {
      hint: "Answer the question at a terminal, or use --yes.",
    });
  }
  let done = 0;
  for (const route of routes) {
    const report = await ensure(route, { signal: interrupt.abort });
    for (const step of report.steps) {
      done++;
      reporter.event({ type: "step", route: route.name, bucket: route.target.bucket, step, done: true });
    }
  }
  return { exitCode: EXIT.done, counts: { steps, done }, lines: ["The targets are ready."] };
}

async function ensure(route: Route, options: EnsureBucketOptions): Promise<EnsureBucketReport> {
  try {
    return await route.target.ensureBucket(options);
  } catch (error) {
    throw located(route, "target", error);
  }
}
