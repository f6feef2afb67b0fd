import { CommanderError } from "commander";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { program } from "./program.ts";
import { usageEvents, wantsJson } from "./report/usage-events.ts";

// A reader that went away, such as `head`, is no reason to fail; what is recorded is in the ledger.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

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
process.exit(exitCode);
