import { ConfigError } from "@bucketferry/config";
import { runCommand } from "./commands.ts";
import { StartError } from "./start-error.ts";

try {
  await runCommand(process.argv.slice(2), process.env);
} catch (error) {
  const isExpected = error instanceof ConfigError || error instanceof StartError;
  console.error(isExpected ? error.message : error);
  process.exitCode = isExpected ? 2 : 1;
}
