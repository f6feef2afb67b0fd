import { CommanderError } from "commander";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { tolerantOutput } from "./process/tolerant-output.ts";
import { program } from "./program.ts";
import { usageEvents, wantsJson } from "./report/usage-events.ts";

const output = tolerantOutput(process.stdout, process.stderr);

let exitCode: ExitCode = EXIT.done;
const root = program((code) => {
  exitCode = code;
});
try {
  for (const command of [root, ...root.commands]) command.exitOverride();
  await root.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const args = process.argv.slice(2);
  if (exitCode === EXIT.usage && wantsJson(args)) {
    const command = root.commands.find((one) => args.includes(one.name()))?.name() ?? "";
    for (const event of usageEvents(error, command)) process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}

// Sockets that are kept alive would hold the process for seconds. What was written has to leave first: a pipe takes it in turns.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))),
);
// Who reads the output would take its beginning for all of it.
process.exit(exitCode === EXIT.done && output.isIncomplete() ? EXIT.unexpected : exitCode);
